package dev.kerf.weights;

import dev.kerf.weights.Pickled.Global;
import dev.kerf.weights.Pickled.Items;
import java.util.List;

/** A pickle's call of a global with arguments; an argument that is missing or of another kind is an error there. */
record Call(PickleReader reader, Global global, List<Object> args) {
    Object at(int index) {
        return index < args.size() ? args.get(index) : bad();
    }

    List<Object> items(int index) {
        return at(index) instanceof Items items ? items.items : bad();
    }

    <T> T bad() {
        throw reader.error("a call of " + global + " with arguments that it doesn't take");
    }
}
