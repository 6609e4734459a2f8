#!/usr/bin/env bash
# All that a GPU is needed for, in one go of 12 minutes, on a machine that has nothing but its driver: Kerf's archive has the
# rest, and holds this script as bench/gpu-check.sh.
#
#   gpu-check.sh [--kerf ARCHIVE|FOLDER] [--goldens DIR] [--out DIR] [--minutes N] [--again] [--quick] [--list]
#
# What is right comes before what is fast: the self-test in each precision, compute-sanitizer over the ops whose kernels
# changed since a card last saw them, networks and kernels against the device's floors, PyTorch on the same card, and JCuda.
# Each step has a time box, all of them together --minutes (12). Called again with the same DIR (bench/reports/gpu by default), the same
# Kerf and the same card it goes on with what it didn't reach; --again begins anew. Reports lie in DIR as JSON and Markdown;
# gpu-check.md and gpu-check.json there, written after each step, say of each whether it passed, failed, wasn't reached, or
# can't be run here and why. --list prints the steps with their boxes in seconds, and runs nothing.
# Exits 0 if every step passed, 1 if one failed, 2 if none failed and some weren't run or reached, 3 on wrong usage.
set -u

usage() {
    echo "gpu-check.sh: $1" >&2
    echo "usage: gpu-check.sh [--kerf ARCHIVE|FOLDER] [--goldens DIR] [--out DIR] [--minutes N] [--again] [--quick] [--list]" >&2
    exit 3
}

# Families of ops whose kernels changed since bench/reports/h100.
changed=convolution,matrix,normalisation,elementwise,moving,reduction,counted,selection,boxes

here=$(cd "$(dirname "$0")" && pwd -P)
kerf='' goldens='' out='' minutes=12 again='' quick='' list=''
while [ $# -gt 0 ]; do
    case $1 in
        --kerf | --goldens | --out | --minutes)
            [ $# -gt 1 ] || usage "$1 needs a value"
            case $1 in
                --kerf) kerf=$2 ;;
                --goldens) goldens=$2 ;;
                --out) out=$2 ;;
                --minutes) minutes=$2 ;;
            esac
            shift 2 ;;
        --again) again=1; shift ;;
        --quick) quick=1; shift ;;
        --list) list=1; shift ;;
        *) usage "unknown argument $1" ;;
    esac
done
[ -z "$goldens" ] || [ -d "$goldens" ] || usage "--goldens $goldens is no folder"
[[ $minutes =~ ^[1-9][0-9]{0,3}$ ]] || usage "--minutes $minutes: expected a whole number of at least 1"

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
[ -n "$kerf$list" ] || usage "no Kerf found beside this script; give --kerf ARCHIVE"
if [ -f "$kerf" ]; then
    tar -C "$work" -xf "$kerf" || usage "$kerf can't be unpacked (tar and xz are needed)"
    kerf=$work/kerf
fi
run=$kerf/bin/kerf
[ -x "$run" ] || [ -n "$list" ] || usage "$kerf has no bin/kerf"

started=$SECONDS
steps=$work/steps # NAME, STATE, SECONDS, DETAIL of this call and those before it
: >"$steps"

state_of() { awk -F'\t' -v n="$1" '$1 == n { s = $2 } END { print s }' "$steps"; }
note() { # STEP STATE SECONDS DETAIL: replaces what was known of the step
    awk -F'\t' -v n="$1" '$1 != n' "$steps" >"$work/others"
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(printf '%s' "$4" | tr '\t\n' '  ')" | cat "$work/others" - >"$steps"
    printf '%-11s %s%s\n' "$2" "$1" "${4:+: $4}"
    report
}
absent() { # STEP WHY
    [ -n "$list" ] || note "$1" "not run" 0 "$2"
}
step() { # STEP BOX LOG COMMAND ...: passed if it exits 0; its output goes to a log beside the reports
    local name=$1 box=$(($2 * minutes / 12)) log=$out/$3 code left=$((minutes * 60 - SECONDS + started)) begun=$SECONDS
    shift 3
    if [ -n "$list" ]; then
        printf '%5d  %s\n' "$box" "$name"
        return
    fi
    case $(state_of "$name") in passed | failed) return ;; esac
    if [ "$left" -lt 5 ]; then
        note "$name" "not reached" 0 "the $minutes minutes had ended"
        return
    fi
    [ "$box" -le "$left" ] || box=$left
    timeout -k 5 "$box" "$@" >"$log" 2>&1 </dev/null
    code=$?
    if [ $code -eq 0 ]; then
        note "$name" passed $((SECONDS - begun)) ""
    elif [ $code -eq 124 ] || [ $code -eq 137 ]; then
        note "$name" "not reached" $((SECONDS - begun)) "its $box s ended; --minutes gives it more; see $(basename "$log")"
    else
        note "$name" failed $((SECONDS - begun)) "exit $code; $(grep -v '^$' "$log" | tail -n 1); see $(basename "$log")"
    fi
}

count() { cut -f 2 "$steps" | grep -cx "$1"; }
quote() { sed 's/\\/\\\\/g; s/"/\\"/g' | tr -d '\000-\010\013-\037'; }
report() { # gpu-check.md, gpu-check.json and what the next call goes on from
    local f
    verdict="$(count passed) passed, $(count failed) failed, $(count "not reached") not reached, $(count "not run") can't be run here"
    {
        echo "# GPU check: $verdict"
        echo
        [ -z "$quick" ] || { echo "Quick: smaller images, no parity and no kernels by themselves."; echo; }
        sed 's/^/    /' "$out/environment.log"
        echo
        echo "| step | | s | |"
        echo "|---|---|--:|---|"
        sed 's/|/\\|/g' "$steps" | awk -F'\t' '{ print "| " $1 " | " $2 " | " $3 " | " $4 " |" }'
        echo
        for f in "$out"/bench-*.md "$out"/torch-*.md; do
            [ -f "$f" ] && echo "- [$(basename "$f" .md)]($(basename "$f"))"
        done
    } >"$work/md"
    {
        printf '{\n "time": "%s",\n "quick": %s,\n "passed": %s,\n "failed": %s,\n "not_reached": %s,\n "not_run": %s,\n' \
            "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$([ -n "$quick" ] && echo true || echo false)" "$(count passed)" "$(count failed)" \
            "$(count "not reached")" "$(count "not run")"
        printf ' "environment": [%s],\n' "$(quote <"$out/environment.log" | sed 's/.*/"&"/' | paste -sd, -)"
        printf ' "steps": [\n%s\n ]\n}\n' "$(quote <"$steps" | awk -F'\t' '{
            printf "%s  {\"step\": \"%s\", \"state\": \"%s\", \"seconds\": %s, \"detail\": \"%s\"}", (NR > 1 ? ",\n" : ""),
                $1, $2, $3, $4 }')"
    } >"$work/json"
    cp "$steps" "$work/tsv"
    for f in md json tsv; do
        mv "$work/$f" "$out/gpu-check.$f"
    done
}

if [ -n "$list" ]; then
    present=(cuda jcuda) precisions=(f32 tf32 tf32x3 f16 bf16) sanitizer=compute-sanitizer python=python3
else
    out=${out:-$here/reports/gpu}
    mkdir -p "$out" || exit 1
    out=$(cd "$out" && pwd -P)
    "$run" devices >"$out/devices.log" 2>&1
    {
        "$run" --version 2>/dev/null
        uname -srm
        grep -m 1 'model name' /proc/cpuinfo 2>/dev/null | sed 's/.*: //'
        command -v nvidia-smi >/dev/null && nvidia-smi \
            --query-gpu=name,driver_version,memory.total,power.limit,clocks.max.sm,clocks.max.mem --format=csv
    } >"$work/environment"
    program=$(find -H "$kerf" -type f -not -path '*/reports/*' -exec cksum {} + | sort | cksum)
    echo "program $program${quick:+, quick}" >>"$work/environment"
    if [ -z "$again" ] && [ -f "$out/gpu-check.tsv" ] && cmp -s "$work/environment" "$out/environment.log"; then
        cp "$out/gpu-check.tsv" "$steps"
    else
        rm -f "$out"/selftest-*.json "$out"/bench-* "$out"/torch-*.* "$out"/gpu-check.*
        mv "$work/environment" "$out/environment.log"
    fi
    cat "$out/environment.log"
    present=()
    for b in cuda jcuda; do
        if grep -q "^$b:0 " "$out/devices.log"; then
            present+=("$b")
        else
            why=$(grep "^$b  can't start" "$out/devices.log" | sed "s/^$b  can't start: //")
            absent "$b" "${why:-there is no back end $b in this Kerf}"
        fi
    done
    offered=" $(sed -n "/^cuda:0 /,/precisions/p" "$out/devices.log" | grep precisions),"
    precisions=(f32)
    for p in tf32:tf32 tf32:tf32x3 float16:f16 bfloat16:bf16; do
        [[ $offered != *" ${p%:*},"* ]] || precisions+=("${p#*:}")
    done
    sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
    python=$(command -v python3 || true)
fi
has() { printf '%s\n' ${present[@]+"${present[@]}"} | grep -qx "$1"; }

if has cuda; then
    for p in "${precisions[@]}"; do
        step "cuda: self-test, $p" "$([ "$p" = f32 ] && echo 90 || echo 35)" "selftest-cuda-$p.log" "$run" selftest --backend cuda \
            --precision "$p" --report "$out/selftest-cuda-$p.json" ${goldens:+--goldens "$goldens"} ${quick:+--only threads,goldens}
    done
    for tool in memcheck racecheck 'memcheck f16' 'racecheck f16'; do
        if [ -z "$sanitizer" ]; then
            absent "compute-sanitizer $tool" "it isn't installed here (CUDA toolkit, package cuda-sanitizer)"
        else
            # In halves kernels are those for tensor cores.
            step "compute-sanitizer $tool" 30 "sanitizer-${tool/ /-}.log" "$sanitizer" --tool ${tool% f16} --target-processes all \
                --error-exitcode 9 "$run" selftest --backend cuda --only parity --ops $changed \
                --precision "$([ "$tool" = "${tool% f16}" ] && echo f32 || echo f16)"
        fi
    done
    for network in unet:40 maskrcnn:30 sam2-encoder:30 sam2-decoder:20 sam2-frame:30 sam2-memory:20; do
        name=${network%:*}
        step "cuda: $name" "${network#*:}" "bench-cuda-$name.log" "$run" bench --backend cuda --network "$name" \
            --precision f32,f16 --batch 1,8 --rounds 1 --seconds 3 --warm-up 6 --out "$out" ${quick:+--size 64x64 --image-size 256 --seconds 1}
    done
    step "cuda: kernels" 35 bench-cuda.log "$run" bench --backend cuda --only kernels --precision f32,f16 \
        --rounds 1 --runs 20 --seconds 1 --warm-up 6 --out "$out"
fi

if [ -z "$python" ]; then
    absent "PyTorch on the same card" "there is no python3"
elif [ -z "$list" ] && ! "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' >"$out/torch.log" 2>&1; then
    absent "PyTorch on the same card" "$python has no PyTorch that finds a CUDA device"
else
    unet=() others=()
    for f in "$out"/bench-cuda-*.jsonl; do
        case $f in
            *-unet.jsonl) unet=(--kerf "$f") ;;
            *\**) ;;
            *) others+=(--kerf "$f") ;;
        esac
    done
    step "PyTorch: unet" 50 torch-unet.log "$python" "$here/torch_unet.py" --out "$out" --seconds 2 \
        ${unet[@]+"${unet[@]}"} ${quick:+--side 64 --no-compile}
    step "PyTorch: maskrcnn, sam2" 50 torch-models.log "$python" "$here/torch_models.py" --out "$out" --seconds 2 \
        ${others[@]+"${others[@]}"}
fi

if has jcuda; then
    step "jcuda: self-test, f32" 40 selftest-jcuda-f32.log "$run" selftest --backend jcuda --report "$out/selftest-jcuda-f32.json" \
        ${quick:+--only threads,goldens}
    step "jcuda: unet" 20 bench-jcuda.log "$run" bench --backend jcuda --network unet --rounds 1 --seconds 6 --warm-up 6 \
        --out "$out" ${quick:+--size 64x64 --seconds 1}
fi

[ -z "$list" ] || exit 0
report
echo "$verdict; reports in $out"
[ "$(count failed)" -eq 0 ] || exit 1
[ "$(($(count "not run") + $(count "not reached")))" -eq 0 ] || exit 2
