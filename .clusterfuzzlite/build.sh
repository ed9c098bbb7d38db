#!/bin/bash -eu
# Builds the fuzz targets for a fleet (OSS-Fuzz, ClusterFuzz, ClusterFuzzLite), which sets SRC, OUT,
# WORK, CXX, CXXFLAGS, LIB_FUZZING_ENGINE and SANITIZER, and takes from OUT: each target, its seeds
# as TARGET_seed_corpus.zip, TARGET.dict where there is one, TARGET.options, and in OUT/lib the
# libraries that machines of the fleet do not have.
#
# Not for use by hand: see ci/fuzz; ci/fleet plays the fleet.

source_directory=$(realpath "$SRC/engram")
build_directory=$WORK/engram-$SANITIZER

# Debian's libraries speak the standard library of g++.
flags=${CXXFLAGS//-stdlib=libc++/}
# What UndefinedBehaviorSanitizer finds is a finding.
if [ "$SANITIZER" = undefined ]; then flags+=" -fno-sanitize-recover=undefined"; fi

cmake -S "$source_directory" -B "$build_directory" -G Ninja \
  -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_BUILD_TYPE= \
  -DCMAKE_BUILD_RPATH="\$ORIGIN/lib" \
  -DENGRAM_FUZZ=ON -DENGRAM_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"

targets=()
for source in "$source_directory"/fuzz/fuzz_*.cc; do targets+=("$(basename "$source" .cc)"); done
cmake --build "$build_directory" --target "${targets[@]}"

mkdir -p "$OUT/lib"
for target in "${targets[@]}"; do
  name=${target#fuzz_}
  cp "$build_directory/bin/$target" "$OUT/"
  options=$source_directory/fuzz/$name.options
  if [ ! -f "$options" ]; then options=$source_directory/fuzz/fuzz.options; fi
  cp "$options" "$OUT/$target.options"
  if [ -f "$source_directory/fuzz/$name.dict" ]; then
    cp "$source_directory/fuzz/$name.dict" "$OUT/$target.dict"
  fi
  rm -f "$OUT/${target}_seed_corpus.zip"
  (cd "$source_directory/fuzz/corpora/$name" &&
    python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
  # All but the C library, which must be the machine's own.
  ldd "$build_directory/bin/$target" | awk '$3 ~ /\// { print $3 }' |
    grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv)\.so' | xargs -r cp -Lu -t "$OUT/lib"
done
