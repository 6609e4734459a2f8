package dev.kerf.serve;

import dev.kerf.error.BadInputException;
import java.io.StringReader;
import java.util.HashMap;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * What a Label Studio project's configuration says of masks.
 *
 * @param brush    whether there is a brush; polygons otherwise
 * @param fromName name of the brush or of the polygons
 * @param toName   name of the picture
 * @param data     the member of a task that has the picture's address
 */
record LabelConfig(boolean brush, String fromName, String toName, String data) {
    private static final XMLInputFactory XML = XMLInputFactory.newFactory();

    static {
        // Nothing is read that the text itself doesn't hold.
        XML.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        XML.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    }

    /** @throws BadInputException if it has no picture, or nothing to draw a mask with */
    static LabelConfig of(String xml) {
        Map<String, String[]> drawn = new HashMap<>();
        Map<String, String> pictures = new HashMap<>();
        try {
            XMLStreamReader in = XML.createXMLStreamReader(new StringReader(xml));
            while (in.hasNext()) {
                if (in.next() == XMLStreamConstants.START_ELEMENT) {
                    String name = String.valueOf(in.getAttributeValue(null, "name"));
                    switch (in.getLocalName()) {
                        case "BrushLabels", "PolygonLabels" -> drawn.putIfAbsent(in.getLocalName(),
                                new String[] {name, String.valueOf(in.getAttributeValue(null, "toName"))});
                        case "Image" -> pictures.put(name, String.valueOf(in.getAttributeValue(null, "value")));
                        default -> {}
                    }
                }
            }
        } catch (XMLStreamException e) {
            throw new BadInputException("label_config isn't well-formed XML");
        }
        boolean brush = drawn.containsKey("BrushLabels");
        String[] to = drawn.get(brush ? "BrushLabels" : "PolygonLabels");
        if (to == null || !pictures.containsKey(to[1])) {
            throw new BadInputException("the labelling interface needs BrushLabels or PolygonLabels for an Image");
        }
        return new LabelConfig(brush, to[0], to[1], pictures.get(to[1]).replaceFirst("^\\$", ""));
    }
}
