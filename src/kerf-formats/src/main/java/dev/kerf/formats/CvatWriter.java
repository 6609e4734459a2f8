package dev.kerf.formats;

import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * "CVAT for images 1.1". Masks have run lengths row by row within their box, the first of pixels outside.
 */
final class CvatWriter implements AnnotationWriter {
    private final AtomicFile file;
    private final XMLStreamWriter xml;
    private int pictures;

    CvatWriter(Path path, List<String> labels) {
        this.file = new AtomicFile(path);
        try {
            xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(file.out(), "UTF-8");
            xml.writeStartDocument("UTF-8", "1.0");
            start("annotations");
            text("version", "1.1");
            start("meta");
            start("task");
            start("labels");
            for (String label : labels) {
                start("label");
                text("name", label);
                text("type", "mask");
                xml.writeEndElement();
            }
            xml.writeEndElement();
            xml.writeEndElement();
            xml.writeEndElement();
        } catch (XMLStreamException | IOException e) {
            throw failed(e);
        }
    }

    private RuntimeException failed(Exception e) {
        file.close();
        return file.failed(e instanceof IOException io ? io : new IOException(e));
    }

    private void start(String element) throws XMLStreamException {
        xml.writeCharacters("\n");
        xml.writeStartElement(element);
    }

    private void text(String element, String content) throws XMLStreamException {
        start(element);
        xml.writeCharacters(legal(content));
        xml.writeEndElement();
    }

    private void attribute(String name, Object value) throws XMLStreamException {
        xml.writeAttribute(name, legal(value.toString()));
    }

    /** Without the characters that XML 1.0 can't hold. */
    private static String legal(String text) {
        return text.codePoints().map(c -> c == 0x9 || c == 0xA || c == 0xD || c >= 0x20 && c <= 0xD7FF
                || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 ? c : 0xFFFD)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    @Override
    public void add(Annotations picture, String stem) {
        try {
            start("image");
            attribute("id", pictures++);
            attribute("name", picture.file());
            attribute("width", picture.width());
            attribute("height", picture.height());
            int order = 0;
            for (Annotations.Item item : picture.items()) {
                CvatMask mask = CvatMask.of(item.mask());
                if (mask == null) {
                    continue;
                }
                start("mask");
                attribute("label", item.label());
                attribute("source", "auto");
                attribute("occluded", 0);
                attribute("rle", mask.text());
                attribute("left", mask.left());
                attribute("top", mask.top());
                attribute("width", mask.width());
                attribute("height", mask.height());
                attribute("z_order", order++);
                if (item.group() != 0) {
                    attribute("group_id", item.group());
                }
                xml.writeEndElement();
            }
            xml.writeEndElement();
        } catch (XMLStreamException e) {
            throw failed(e);
        }
    }

    @Override
    public void finish() {
        try {
            xml.writeCharacters("\n");
            xml.writeEndDocument();
            xml.flush();
        } catch (XMLStreamException e) {
            throw failed(e);
        }
        file.commit();
    }

    @Override
    public void close() {
        file.close();
    }
}
