#!/bin/sh
# Last step of the build: pack.sh IMAGE ARCHIVE
# Records a short run of the finished image into an ahead-of-time cache (classes loaded and linked, hot methods profiled, JEP 483
# and 515), so that the first mask comes sooner, and packs the image.
set -e
image=$1
archive=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! TORNADOVM_HOME= KERF_JAVA_OPTIONS="-XX:AOTCacheOutput=$image/lib/kerf.aot" \
        "$image/bin/kerf" segment --quiet --out "$work" src/main/samples/tissue-1.png >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "pack.sh: the finished image doesn't segment its sample" >&2
    exit 1
fi
tar -C "$(dirname "$image")" -I 'xz -T0 -4' -cf "$archive.part" "$(basename "$image")"
mv "$archive.part" "$archive"
