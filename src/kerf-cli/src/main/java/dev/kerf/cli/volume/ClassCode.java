package dev.kerf.cli.volume;

import dev.kerf.error.BadInputException;
import dev.kerf.medical.dicom.DicomSegmentation.Code;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What a class is, by coding schemes.
 *
 * @param of       name or number of the class
 * @param type     what it is
 * @param category what sort of thing
 */
record ClassCode(String of, Code type, Code category) {
    /** Reads {@code liver=10200004:SCT:Liver}, with a category behind a slash. */
    static final class Converter implements ITypeConverter<ClassCode> {
        @Override
        public ClassCode convert(String text) {
            int equals = text.indexOf('=');
            String[] codes = text.substring(equals + 1).split("/", -1);
            if (equals < 1 || codes.length > 2) {
                throw expected(text);
            }
            return new ClassCode(text.substring(0, equals), code(text, codes[0]),
                    codes.length == 1 ? Code.ANATOMY : code(text, codes[1]));
        }

        private static Code code(String whole, String text) {
            String[] parts = text.split(":", 3);
            if (parts.length != 3) {
                throw expected(whole);
            }
            try {
                return new Code(parts[0], parts[1], parts[2]);
            } catch (BadInputException e) {
                throw new TypeConversionException("'" + whole + "': " + e.getMessage());
            }
        }

        private static TypeConversionException expected(String text) {
            return new TypeConversionException("'" + text + "': expected a class, its type and perhaps its category, such as "
                    + "liver=10200004:SCT:Liver/123037004:SCT:Anatomical Structure");
        }
    }
}
