#!/usr/bin/env bash
# Makes kernels/ptx/ again from the kernels' sources, or what belongs to the kernels named: needs nvcc and ptxas on the path, of the release that README.md
# beside this file names if the code is to stay the same byte for byte. Fails if ptxas spills registers.
set -euo pipefail
cd "$(dirname "$0")/../.."
mvn -q test-compile -pl src/kerf
java=${JAVA:-java} # a JDK 25: JAVA=/path/to/bin/java if the one on the path is older
"$java" -cp src/kerf/target/classes:src/kerf/target/test-classes dev.kerf.backend.gpu.cuda.PtxBuild kernels/ptx "$@"
awk -F'|' 'NR > 1 && /^\| [a-z]/ && $2 !~ /kernel/ && ($(NF - 1) + 0 > 0 || $(NF - 2) + 0 > 32) {
    print "spills or stack:" $2; bad = 1 } END { exit bad }' kernels/ptx/README.md
