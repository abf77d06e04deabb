// Masks and weights as images: unpacking what layer_images.h packs, and drawing it. Colours are of middling lightness,
// on what the page has behind them, so that they show in light, dark and print alike.

const kSurvives = [55, 130, 215, 255], kPruned = [232, 140, 30, 255], kBetween = [128, 128, 128, 48];
const kNegative = [55, 130, 230], kPositive = [232, 92, 32];
const cssColor = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Of each level a 1 for each weight that survives, else 0. */
async function unpackMasks(layer, levels) {
  const changes = await inflate(layer.masks), bytes = Math.ceil(layer.size / 8), masks = [];
  let before = new Uint8Array(layer.size).fill(1);
  for (let level = 0; level < levels; ++level) {
    const keep = new Uint8Array(layer.size);
    for (let i = 0; i < layer.size; ++i)
      keep[i] = before[i] ^ ((changes[level * bytes + (i >> 3)] >> (7 - (i & 7))) & 1);
    masks.push(keep);
    before = keep;
  }
  return masks;
}

/** Of each level the survivors' weights, to a 31st; zero where pruned. */
async function unpackWeights(layer, masks) {
  const codes = new Int8Array((await inflate(layer.weights.codes)).buffer);
  let next = 0;
  return masks.map((keep, level) => {
    const weights = new Float32Array(layer.size), scaleOf = layer.weights.scales[level];
    for (let i = 0; i < layer.size; ++i) {
      if (!keep[i]) continue;
      const code = codes[next++];
      weights[i] = Math.sign(code) * scaleOf * (code / 15) ** 2;
    }
    return weights;
  });
}

/**
 * Where a layer's weights lie in an image: tiles of `high` by `wide` weights, row-major, `columns` of them side by
 * side. A matrix is one tile, convolutions have a tile a kernel, and neurons that take pixels one an image.
 */
function tiling(layer, inputs, arrangement) {
  const [outputs, into, high, wide] = layer.shape;
  const tiles = (columns, count, tileHigh, tileWide, gap) => ({
    columns, high: tileHigh, wide: tileWide, gap,
    width: columns * (tileWide + gap) - gap, height: Math.ceil(count / columns) * (tileHigh + gap) - gap });
  if (layer.shape.length === 4) return tiles(into, outputs * into, high, wide, high * wide > 1 ? 1 : 0);
  if (arrangement === "matrix") return tiles(1, 1, outputs, into, 0);
  const channels = inputs.channels, columns = channels * Math.ceil(Math.sqrt((outputs * 1.6) / channels));
  return tiles(columns, outputs * channels, inputs.height, inputs.width, 2);
}

/** The weight at a pixel, or -1. */
function weightAt(tiles, size, x, y) {
  const column = Math.floor(x / (tiles.wide + tiles.gap)), row = Math.floor(y / (tiles.high + tiles.gap));
  const right = x - column * (tiles.wide + tiles.gap), down = y - row * (tiles.high + tiles.gap);
  if (right >= tiles.wide || down >= tiles.high || column >= tiles.columns) return -1;
  const weight = ((row * tiles.columns + column) * tiles.high + down) * tiles.wide + right;
  return weight < size ? weight : -1;
}

/** Draws a pixel a weight, in the colour that colorAt(weight) gives: red, green, blue, alpha, or null. */
function drawTiles(canvas, tiles, size, colorAt) {
  canvas.width = tiles.width;
  canvas.height = tiles.height;
  const context = canvas.getContext("2d"), image = context.createImageData(tiles.width, tiles.height);
  for (let y = 0, pixel = 0; y < tiles.height; ++y) {
    for (let x = 0; x < tiles.width; ++x, ++pixel) {
      const weight = weightAt(tiles, size, x, y), color = weight < 0 ? kBetween : colorAt(weight);
      if (color) image.data.set(color, 4 * pixel);
    }
  }
  context.putImageData(image, 0, 0);
}

/** Colours of a mask: survivors, and what was pruned at this very level. */
function maskColors(keep, before) {
  return (weight) => (keep[weight] ? kSurvives : before && before[weight] ? kPruned : null);
}

/** Colours of weights: hue by sign, opaque by the root of the magnitude, so that small ones show too. */
function weightColors(keep, weights, most) {
  return (weight) => {
    if (!keep[weight]) return null;
    const opacity = 0.12 + 0.88 * Math.sqrt(Math.abs(weights[weight]) / most);
    return [...(weights[weight] < 0 ? kNegative : kPositive), Math.round(255 * opacity)];
  };
}
