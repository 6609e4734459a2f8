/** What Kerf's back ends and models are held to: the float64 oracle, op cases, golden cases and the self-test, and a back end that runs shipped PTX in an interpreter. */
// The command line, which the interpreter's counts are for, is compiled after this one.
@SuppressWarnings("module")
module dev.kerf.check {
    requires java.management;
    requires jdk.management;
    requires transitive dev.kerf;

    exports dev.kerf.check;
    exports dev.kerf.check.golden;
    exports dev.kerf.check.op;
    exports dev.kerf.check.oracle;
    exports dev.kerf.check.soak;

    exports dev.kerf.check.cost to dev.kerf.cli, dev.kerf.tune;
    exports dev.kerf.check.ptx to dev.kerf.cli, dev.kerf.tune;

    provides dev.kerf.backend.Backend with dev.kerf.check.ptx.PtxBackend;
}
