// COCO's compressed run lengths, {size: [height, width], counts}: runs outside and inside in turn, column by column.

/** The runs' lengths. */
export function runs(counts) {
  const out = [];
  for (let p = 0; p < counts.length;) {
    let value = 0, shift = 0, more = true;
    while (more) {
      const c = counts.charCodeAt(p++) - 48;
      value |= (c & 31) << shift;
      shift += 5;
      more = (c & 32) !== 0;
      if (!more && (c & 16)) {
        value |= -1 << shift;
      }
    }
    out.push(out.length > 2 ? value + out[out.length - 2] : value);
  }
  return out;
}

/** A byte for each pixel, row by row: 1 inside. */
export function bitmap(segmentation) {
  const [height, width] = segmentation.size;
  const out = new Uint8Array(width * height);
  let at = 0;
  runs(segmentation.counts).forEach((n, i) => {
    for (const end = at + n; at < end; at++) {
      if (i & 1) {
        out[(at % height) * width + Math.floor(at / height)] = 1;
      }
    }
  });
  return out;
}

/** The run lengths of such bytes. */
export function encode(bytes, width, height) {
  const lengths = [];
  let inside = 0, length = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (bytes[y * width + x] !== inside) {
        lengths.push(length);
        length = 0;
        inside ^= 1;
      }
      length++;
    }
  }
  lengths.push(length);
  let counts = "";
  lengths.forEach((n, i) => {
    let x = i > 2 ? n - lengths[i - 2] : n;
    for (let more = true; more;) {
      const c = x & 31;
      x >>= 5;
      more = c & 16 ? x !== -1 : x !== 0;
      counts += String.fromCharCode(48 + (more ? c | 32 : c));
    }
  });
  return { size: [height, width], counts };
}

/** Pixels inside. */
export function area(segmentation) {
  return runs(segmentation.counts).reduce((sum, n, i) => sum + (i & 1 ? n : 0), 0);
}

/** Calls back for each stretch of a column inside: column, first row, row past the last. */
export function columns(segmentation, each) {
  const height = segmentation.size[0];
  let at = 0;
  runs(segmentation.counts).forEach((n, i) => {
    const end = at + n;
    while (i & 1 && at < end) {
      const x = Math.floor(at / height), y = at % height;
      const last = Math.min(height, y + end - at);
      each(x, y, last);
      at += last - y;
    }
    at = end;
  });
}
