#!/usr/bin/env bash
# All that a GPU is needed for, in one go, on a machine that has nothing but its driver: Kerf's archive has the rest, and
# holds this script as bench/gpu-check.sh.
#
#   gpu-check.sh [--kerf ARCHIVE|FOLDER] [--backends cuda,jcuda] [--goldens DIR] [--out DIR] [--quick]
#
# Steps: self-test with all goldens in float32 and float16 on each back end; compute-sanitizer over it, where that is found;
# latencies and kernels against the device's floors; PyTorch on the same card, where Python has it. Reports go to DIR
# (bench/reports/gpu by default) as JSON and Markdown; gpu-check.md and gpu-check.json there say of each step whether it
# passed, failed, or wasn't run and why.
# Exits 0 if every step was run and passed, 1 if one failed, 2 if none failed and some weren't run, 3 on wrong usage.
set -u

usage() {
    echo "gpu-check.sh: $1" >&2
    echo "usage: gpu-check.sh [--kerf ARCHIVE|FOLDER] [--backends cuda,jcuda] [--goldens DIR] [--out DIR] [--quick]" >&2
    exit 3
}

here=$(cd "$(dirname "$0")" && pwd -P)
kerf='' goldens='' out='' backends=cuda,jcuda quick=
while [ $# -gt 0 ]; do
    case $1 in
        --kerf | --backends | --goldens | --out)
            [ $# -gt 1 ] || usage "$1 needs a value"
            case $1 in
                --kerf) kerf=$2 ;;
                --backends) backends=$2 ;;
                --goldens) goldens=$2 ;;
                --out) out=$2 ;;
            esac
            shift 2 ;;
        --quick) quick=1; shift ;;
        *) usage "unknown argument $1" ;;
    esac
done
[ -z "$goldens" ] || [ -d "$goldens" ] || usage "--goldens $goldens is no folder"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if [ -z "$kerf" ]; then
    for f in "$here/.." "$here/../target/kerf" "$here"/../target/kerf-*-linux-x86_64.tar.xz; do
        if [ -f "$f" ] || [ -x "$f/bin/kerf" ]; then
            kerf=$f
            break
        fi
    done
fi
[ -n "$kerf" ] || usage "no Kerf found beside this script; give --kerf ARCHIVE"
if [ -f "$kerf" ]; then
    tar -C "$work" -xf "$kerf" || usage "$kerf can't be unpacked (tar and xz are needed)"
    kerf=$work/kerf
fi
run=$kerf/bin/kerf
[ -x "$run" ] || usage "$kerf has no bin/kerf"
out=${out:-$here/reports/gpu}
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd -P)
rm -f "$out"/selftest-*.json "$out"/bench-*.json "$out"/bench-*.md "$out"/torch-unet.* "$out"/gpu-check.* "$out"/*.log

steps=$work/steps
: >"$steps"
note() { # STEP STATE DETAIL
    printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "$3" | tr '\t\n' '  ')" >>"$steps"
    printf '%-8s %s%s\n' "$2" "$1" "${3:+: $3}"
}
step() { # STEP LOG COMMAND ...: passed if it exits 0; its output goes to a log beside the reports
    local name=$1 log=$out/$2 code
    shift 2
    "$@" >"$log" 2>&1 </dev/null
    code=$?
    if [ $code -eq 0 ]; then
        note "$name" passed ""
    else
        note "$name" failed "exit $code; $(grep -v '^$' "$log" | tail -n 1); see $(basename "$log")"
    fi
    return $code
}

"$run" devices >"$out/devices.log" 2>&1
{
    "$run" --version 2>/dev/null
    uname -srm
    grep -m 1 'model name' /proc/cpuinfo 2>/dev/null | sed 's/.*: //'
    command -v nvidia-smi >/dev/null && nvidia-smi \
        --query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.max.mem --format=csv
} >"$out/environment.log" 2>&1
cat "$out/environment.log"

IFS=, read -r -a wanted <<<"$backends"
present=()
for b in "${wanted[@]}"; do
    if grep -q "^$b:0 " "$out/devices.log"; then
        present+=("$b")
        continue
    fi
    why=$(grep "^$b  can't start" "$out/devices.log" | sed "s/^$b  can't start: //")
    why=${why:-there is no back end $b in this Kerf}
    for s in "self-test, float32" "self-test, float16" "latencies and kernels"; do
        note "$b: $s" "not run" "$why"
    done
done

for b in ${present[@]+"${present[@]}"}; do
    for p in f32 f16; do
        name="$b: self-test, float${p#f}"
        if [ $p = f16 ] && ! sed -n "/^$b:0 /,/precisions/p" "$out/devices.log" | grep -q 'precisions.*float16'; then
            note "$name" "not run" "$b:0 has no float16 storage"
            continue
        fi
        step "$name" "selftest-$b-$p.log" "$run" selftest --backend "$b" --precision $p \
            --report "$out/selftest-$b-$p.json" ${goldens:+--goldens "$goldens"} ${quick:+--only threads,goldens}
    done
done

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
if ! printf '%s\n' ${present[@]+"${present[@]}"} | grep -qx cuda; then
    note "compute-sanitizer" "not run" "cuda didn't start, or wasn't asked for"
elif [ -z "$sanitizer" ]; then
    note "compute-sanitizer" "not run" "it isn't installed here (CUDA toolkit, package cuda-sanitizer)"
else
    for tool in memcheck racecheck; do
        step "compute-sanitizer $tool" "sanitizer-$tool.log" "$sanitizer" --tool $tool --target-processes all \
            --error-exitcode 9 "$run" selftest --backend cuda --only parity
    done
fi

for b in ${present[@]+"${present[@]}"}; do
    step "$b: latencies and kernels" "bench-$b.log" "$run" bench --backend "$b" --out "$out" \
        ${quick:+--side 64 --seconds 2 --only network}
done

python=$(command -v python3 || true)
if [ -z "$python" ]; then
    note "PyTorch on the same card" "not run" "there is no python3"
elif ! "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' >"$out/torch.log" 2>&1; then
    note "PyTorch on the same card" "not run" "$python has no PyTorch that finds a CUDA device"
else
    beside=
    [ -f "$out/bench-cuda.json" ] && beside=$out/bench-cuda.json
    step "PyTorch on the same card" torch.log "$python" "$here/torch_unet.py" --out "$out" ${beside:+--kerf "$beside"} \
        ${quick:+--side 64 --seconds 2 --no-compile}
fi

count() { cut -f 2 "$steps" | grep -cx "$1"; }
failed=$(count failed)
skipped=$(count "not run")
passed=$(count passed)
verdict="$passed passed, $failed failed, $skipped not run"
quote() { sed 's/\\/\\\\/g; s/"/\\"/g' | tr -d '\000-\010\013-\037'; }
{
    echo "# GPU check: $verdict"
    echo
    [ -z "$quick" ] || { echo "Quick: smaller images, no parity and no kernels by themselves."; echo; }
    sed 's/^/    /' "$out/environment.log"
    echo
    echo "| step | | |"
    echo "|---|---|---|"
    sed 's/|/\\|/g' "$steps" | awk -F'\t' '{ print "| " $1 " | " $2 " | " $3 " |" }'
    echo
    for f in "$out"/bench-*.md "$out"/torch-unet.md; do
        [ -f "$f" ] && echo "- [$(basename "$f" .md)]($(basename "$f"))"
    done
} >"$work/md"
{
    printf '{\n "time": "%s",\n "quick": %s,\n "passed": %s,\n "failed": %s,\n "not_run": %s,\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "$([ -n "$quick" ] && echo true || echo false)" "$passed" "$failed" "$skipped"
    printf ' "environment": [%s],\n' "$(quote <"$out/environment.log" | sed 's/.*/"&"/' | paste -sd, -)"
    printf ' "steps": [\n%s\n ]\n}\n' "$(quote <"$steps" | awk -F'\t' '{
        printf "%s  {\"step\": \"%s\", \"state\": \"%s\", \"detail\": \"%s\"}", (NR > 1 ? ",\n" : ""), $1, $2, $3 }')"
} >"$work/json"
mv "$work/md" "$out/gpu-check.md"
mv "$work/json" "$out/gpu-check.json"
echo "$verdict; reports in $out"
[ "$failed" -eq 0 ] || exit 1
[ "$skipped" -eq 0 ] || exit 2
