package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** A walk through an XML file, element by element; nothing is read that the file itself doesn't hold. */
final class Xml {
    private static final XMLInputFactory FACTORY = XMLInputFactory.newDefaultFactory();

    static {
        FACTORY.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        FACTORY.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    }

    /** Is told of elements. */
    interface Visitor {
        /** An element begins. */
        void begin(Element element);

        /** One ends, with the text that stood directly in it. */
        void end(String name, String text);
    }

    /** An element's name and attributes, and where it stands. */
    record Element(Path file, int line, String name, Map<String, String> attributes) {
        String text(String attribute) {
            return find(attribute).orElseThrow(() -> error("has no " + attribute));
        }

        Optional<String> find(String attribute) {
            return Optional.ofNullable(attributes.get(attribute));
        }

        double number(String attribute) {
            return parsed(text(attribute));
        }

        /** 0 where there is none. */
        double optional(String attribute) {
            return find(attribute).map(this::parsed).orElse(0.0);
        }

        int integer(String attribute) {
            double v = number(attribute);
            if (v != Math.rint(v) || Math.abs(v) > Integer.MAX_VALUE) {
                throw error(attribute + " " + text(attribute) + " is no whole number");
            }
            return (int) v;
        }

        private double parsed(String text) {
            try {
                double v = Double.parseDouble(text);
                if (Double.isFinite(v)) {
                    return v;
                }
            } catch (NumberFormatException e) {
                throw error("'" + text + "' is no number");
            }
            throw error("'" + text + "' is no number");
        }

        BadFileException error(String wrong) {
            return new BadFileException(file + ", line " + line + ": <" + name + "> " + wrong);
        }
    }

    private Xml() {}

    /** @throws BadFileException if it can't be read or isn't XML */
    static void read(Path file, Visitor visitor) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            XMLStreamReader xml = FACTORY.createXMLStreamReader(in);
            StringBuilder text = new StringBuilder();
            while (xml.hasNext()) {
                switch (xml.next()) {
                    case XMLStreamConstants.START_ELEMENT -> {
                        Map<String, String> attributes = new HashMap<>();
                        for (int i = 0; i < xml.getAttributeCount(); i++) {
                            attributes.put(xml.getAttributeLocalName(i), xml.getAttributeValue(i));
                        }
                        text.setLength(0);
                        visitor.begin(new Element(file, xml.getLocation().getLineNumber(), xml.getLocalName(), attributes));
                    }
                    case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA -> text.append(xml.getText());
                    case XMLStreamConstants.END_ELEMENT -> {
                        visitor.end(xml.getLocalName(), text.toString().strip());
                        text.setLength(0);
                    }
                    case XMLStreamConstants.ENTITY_REFERENCE, XMLStreamConstants.DTD -> throw new BadFileException(
                            file + ": has a document type or entities of its own, which aren't read");
                    default -> {
                        // Comments and the like say nothing.
                    }
                }
            }
        } catch (XMLStreamException e) {
            throw new BadFileException(file + ": isn't XML: " + e.getMessage().lines().reduce("", (a, b) -> a + " " + b)
                    .strip(), e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read (" + e.getMessage() + ")", e);
        }
    }
}
