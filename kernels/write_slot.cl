// state[*index] = value: one of `slots` slots of `slot` elements replaced. An index out of range changes nothing and
// raises an error. TYPE: an integer type as wide as the elements, which are moved as they are.
#ifndef TYPE
#define TYPE int
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL write_slot(
        GLOBAL TYPE *state, long state_off, GLOBAL const TYPE *value, long value_off, GLOBAL const int *index,
        long index_off, GLOBAL int *errors, int node, int slots, int slot) {
    int e = GLOBAL_ID(0);
    int k = index[index_off];
    if (k < 0 || k >= slots) {
        RAISE(errors, ERROR_INDEX, node, k)
    } else if (e < slot) {
        state[state_off + (long)k * slot + e] = value[value_off + e];
    }
}
