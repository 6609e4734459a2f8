package dev.kerf.formats;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Cityscapes' classes: names, ids and colours as cityscapesscripts' {@code helpers/labels.py} has them.
 */
final class CityscapesClasses {
    /** Ids of things from this on are told apart object by object. */
    static final int FIRST_THING = 24;
    /** The id of a thing's class times this, and its number, are the id of an instance. */
    static final int INSTANCES = 1000;

    private static final String TABLE = """
            unlabeled 000000|ego vehicle 000000|rectification border 000000|out of roi 000000|static 000000|dynamic 6F4A00|\
            ground 510051|road 804080|sidewalk F423E8|parking FAAAA0|rail track E6968C|building 464646|wall 66669C|fence BE9999|\
            guard rail B4A5B4|bridge 966464|tunnel 96785A|pole 999999|polegroup 999999|traffic light FAAA1E|\
            traffic sign DCDC00|vegetation 6B8E23|terrain 98FB98|sky 4682B4|person DC143C|rider FF0000|car 00008E|truck 000046|\
            bus 003C64|caravan 00005A|trailer 00006E|train 005064|motorcycle 0000E6|bicycle 770B20""";

    private static final SequencedMap<String, Integer> IDS = new LinkedHashMap<>();
    private static final int[] PALETTE;

    static {
        String[] rows = TABLE.split("\\|");
        PALETTE = new int[rows.length];
        for (int id = 0; id < rows.length; id++) {
            int space = rows[id].lastIndexOf(' ');
            IDS.put(rows[id].substring(0, space), id);
            PALETTE[id] = Integer.parseInt(rows[id].substring(space + 1), 16);
        }
    }

    private CityscapesClasses() {}

    /** Ids by name, from 0 on. */
    static Map<String, Integer> ids() {
        return IDS;
    }

    /** The name of an id; null if there is none. */
    static String name(int id) {
        return IDS.sequencedKeySet().stream().skip(id).findFirst().filter(_ -> id >= 0).orElse(null);
    }

    /** 0xRRGGBB by id. */
    static int[] palette() {
        return PALETTE.clone();
    }

    /** Whether objects of the class are told apart. */
    static boolean thing(int id) {
        return id >= FIRST_THING;
    }
}
