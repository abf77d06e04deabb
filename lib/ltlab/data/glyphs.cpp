#include "ltlab/data/glyphs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ltlab/base/random.h"
#include "ltlab/base/work_queue.h"

namespace ltlab {
namespace {

struct Point {
  double x = 0, y = 0;
};

Point operator+(Point a, Point b) {
  return {a.x + b.x, a.y + b.y};
}
Point operator-(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}
Point operator*(double s, Point p) {
  return {s * p.x, s * p.y};
}
double dot(Point a, Point b) {
  return a.x * b.x + a.y * b.y;
}

/// A pen's path without leaving the paper: through `points`, in straight lines or along a smooth curve.
struct Stroke {
  bool smooth = false;
  std::vector<Point> points;
};

using Glyph = std::vector<Stroke>;

// Every class in several styles. A style lists strokes, separated by spaces and opened by '~' (smooth) or '-'
// (straight); every two digits are a point, x then y, on a grid from 0 0 (top left) to 9 9 (bottom right).
constexpr std::array<std::array<std::string_view, 4>, kGlyphClasses> kStyles = {{
    // 0: ring
    {"~41131648768341", "~40222649767240", "~6241141648768471", "~3172858739151251"},
    // 1: ring with a bar
    {"~157582512215275887", "~41131648768341 -1585", "~412316487683513244", "~62311416487683 -1474"},
    // 2: hook
    {"~825122141638688786", "~713113163878", "-82411525 ~152748687886", "~62321215276888"},
    // 3: loop with a tail
    {"~72411325557378", "~7341132555737749", "~826131132555748289", "~61221435655371 -7169"},
    // 4: loop with a stem
    {"~602215285876552516", "-2029 ~2554765828", "~51231637587655352617", "~3025274767654525"},
    // 5: wave
    {"~8241133465865818", "~72312334556768391817", "~73513123454667582817", "~815121134475868818"},
    // 6: zigzag
    {"-12821888", "-12821888 -2575", "~12423182 -8218 ~18484988", "-22721878"},
    // 7: cross
    {"-4148 -1585", "-1188 -8118", "~4046588786 -1373", "-5149 -1474"},
    // 8: arch
    {"-2029 ~2543537479", "~191431617479", "~1214182825426374777988", "-1219 ~1532518289"},
    // 9: fork
    {"~11244665 -8129", "-611686 -6169", "~1114467471 -7079", "-1146 -8146 -4649"},
}};

// The grid's unit is ninths of the glyph's box; the box becomes [-1, 1] x [-1, 1].
Point grid_point(char x, char y) {
  return {(x - '0' - 4.5) / 4.5, (y - '0' - 4.5) / 4.5};
}

Glyph parse_style(std::string_view style) {
  Glyph glyph;
  for (std::size_t i = 0; i < style.size();) {
    if (style[i] == ' ') {
      ++i;
    } else if (style[i] == '~' || style[i] == '-') {
      glyph.push_back({style[i++] == '~', {}});
    } else {
      glyph.back().points.push_back(grid_point(style[i], style[i + 1]));
      i += 2;
    }
  }
  return glyph;
}

using GlyphTable = std::vector<std::vector<Glyph>>;

GlyphTable parse_styles() {
  GlyphTable table;
  for (const auto& styles : kStyles) {
    table.emplace_back();
    for (const std::string_view style : styles) table.back().push_back(parse_style(style));
  }
  return table;
}

// Returns a roughly standard normal number within [-3.5, 3.5]: a sum of uniforms, because logarithms differ
// between C libraries.
double bell(RandomStream& random) {
  double sum = 0.0;
  for (int i = 0; i < 4; ++i) sum += random.uniform();
  return (sum - 2.0) * 1.7320508075688772;
}

Point bell_point(RandomStream& random, double deviation) {
  const double x = bell(random);
  return {deviation * x, deviation * bell(random)};
}

// Returns the values at `t` in [0, 1) of the four uniform cubic B-splines that are not zero there.
std::array<double, 4> bsplines(double t) {
  const double u = 1 - t;
  return {u * u * u / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * u * u * u - 6 * u * u + 4) / 6,
          t * t * t / 6};
}

/// Maps the glyph's box to pixels: an affine map, then a smooth elastic displacement.
class Distortion {
 public:
  explicit Distortion(RandomStream& random) {
    const double scale_x = kRadius * random.uniform(0.66, 1.0);
    const double scale_y = kRadius * random.uniform(0.78, 1.08);
    const double shear = 0.2 * bell(random);
    // This is a rotation by 2 atan(turn), without the C library's sine and cosine.
    const double turn = 0.06 * bell(random);
    const double cosine = (1 - turn * turn) / (1 + turn * turn), sine = 2 * turn / (1 + turn * turn);
    across_ = {scale_x * cosine, scale_x * sine};
    down_ = {scale_y * (-shear * cosine - sine), scale_y * (-shear * sine + cosine)};
    center_ = Point{kGlyphSize / 2.0, kGlyphSize / 2.0} + bell_point(random, 0.8);
    for (auto& row : lattice_)
      for (Point& displacement : row) displacement = bell_point(random, kBend);
  }

  Point operator()(Point p) const { return center_ + p.x * across_ + p.y * down_ + displacement(p); }

 private:
  static constexpr double kRadius = 9.5;    // pixels from the center to the edge of an average glyph
  static constexpr double kBend = 1.95;     // pixels, standard deviation of a lattice point
  static constexpr std::size_t kCells = 3;  // lattice cells along the box
  static constexpr double kMargin = 1.3;    // the lattice spans [-kMargin, kMargin]

  Point displacement(Point p) const {
    const auto [column, x] = cell(p.x);
    const auto [row, y] = cell(p.y);
    const auto weights_x = bsplines(x), weights_y = bsplines(y);
    Point sum;
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j)
        sum = sum + weights_y[i] * weights_x[j] * lattice_[row + i][column + j];
    return sum;
  }

  // Returns the cell that holds a coordinate of the box, and the place in the cell.
  static std::pair<std::size_t, double> cell(double coordinate) {
    const double position = std::clamp((coordinate + kMargin) / (2 * kMargin) * kCells, 0.0, kCells - 1e-9);
    const auto index = static_cast<std::size_t>(position);
    return {index, position - static_cast<double>(index)};
  }

  Point across_, down_, center_;
  std::array<std::array<Point, kCells + 3>, kCells + 3> lattice_;
};

// Returns a point of the Catmull-Rom spline through b and c, whose neighbours are a and d.
Point catmull_rom(Point a, Point b, Point c, Point d, double t) {
  return b + 0.5 * t * ((c - a) + t * ((2.0 * a - 5.0 * b + 4.0 * c - d) + t * (3.0 * (b - c) + d - a)));
}

// Returns the stroke as a polyline in the glyph's box, fine enough to be bent.
std::vector<Point> flatten(const Stroke& stroke) {
  constexpr int kPieces = 6;
  const auto& p = stroke.points;
  std::vector<Point> line{p.front()};
  for (std::size_t i = 0; i + 1 < p.size(); ++i) {
    const Point before = p[i > 0 ? i - 1 : i], after = p[std::min(i + 2, p.size() - 1)];
    for (int piece = 1; piece <= kPieces; ++piece) {
      const double t = static_cast<double>(piece) / kPieces;
      line.push_back(stroke.smooth ? catmull_rom(before, p[i], p[i + 1], after, t)
                                   : p[i] + t * (p[i + 1] - p[i]));
    }
  }
  return line;
}

using Ink = std::array<float, kGlyphSize * kGlyphSize>;

double distance_to_segment(Point p, Point a, Point b) {
  const Point along = b - a, from = p - a;
  const double length = dot(along, along);
  const double t = length > 0 ? std::clamp(dot(from, along) / length, 0.0, 1.0) : 0.0;
  const Point gap = from - t * along;
  return std::sqrt(dot(gap, gap));
}

// Inks every pixel near segment a-b; a pixel on the pen's edge in proportion to its covered part.
void draw_segment(Point a, Point b, double half_width, double darkness, Ink& ink) {
  const double reach = half_width + 0.5;
  const auto first = [&](double u, double v) {
    return std::max(0, static_cast<int>(std::ceil(std::min(u, v) - reach)));
  };
  const auto last = [&](double u, double v) {
    return std::min(static_cast<int>(kGlyphSize) - 1, static_cast<int>(std::floor(std::max(u, v) + reach)));
  };
  for (int y = first(a.y, b.y); y <= last(a.y, b.y); ++y)
    for (int x = first(a.x, b.x); x <= last(a.x, b.x); ++x) {
      const double distance = distance_to_segment({static_cast<double>(x), static_cast<double>(y)}, a, b);
      const double coverage = std::clamp(reach - distance, 0.0, 1.0);
      float& pixel = ink[static_cast<std::size_t>(y) * kGlyphSize + static_cast<std::size_t>(x)];
      pixel = std::max(pixel, static_cast<float>(darkness * coverage));
    }
}

void draw_stroke(const Stroke& stroke, const Distortion& distortion, double half_width, double darkness,
                 Ink& ink) {
  std::vector<Point> line = flatten(stroke);
  for (Point& p : line) p = distortion(p);
  for (std::size_t i = 0; i + 1 < line.size(); ++i)
    draw_segment(line[i], line[i + 1], half_width, darkness, ink);
}

void draw_glyph(const Glyph& glyph, RandomStream& random, Ink& ink) {
  const Distortion distortion(random);
  const double half_width = random.uniform(0.6, 1.35);
  const double darkness = random.uniform(0.75, 1.0);
  for (Stroke stroke : glyph) {
    for (Point& p : stroke.points) p = p + bell_point(random, 0.06);
    draw_stroke(stroke, distortion, half_width, darkness, ink);
  }
}

// Draws a stray mark of the pen: short, thin, paler than the glyph, anywhere on the paper.
void draw_distractor(RandomStream& random, Ink& ink) {
  Stroke stroke{true, {{random.uniform(-1.2, 1.2), random.uniform(-1.2, 1.2)}}};
  for (int i = 0; i < 2; ++i) stroke.points.push_back(stroke.points.back() + bell_point(random, 0.35));
  const Distortion distortion(random);
  const double half_width = random.uniform(0.3, 0.8);
  draw_stroke(stroke, distortion, half_width, random.uniform(0.4, 0.9), ink);
}

// Writes ink and noise as bytes.
void expose(const Ink& ink, double noise, RandomStream& random, std::uint8_t* pixels) {
  for (std::size_t i = 0; i < ink.size(); ++i) {
    // The sum of the four 16-bit parts of one word is roughly normal: one draw a pixel instead of four.
    const std::uint64_t word = random();
    const auto sum =
        static_cast<double>((word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48));
    const double normal = (sum / 65536.0 - 2.0) * 1.7320508075688772;
    pixels[i] = static_cast<std::uint8_t>(std::clamp(255.0 * ink[i] + noise * normal + 0.5, 0.0, 255.0));
  }
}

std::uint8_t draw_image(const GlyphTable& table, RandomStream random, std::uint8_t* pixels) {
  const auto label = static_cast<std::uint8_t>(random.below(kGlyphClasses));
  const auto& styles = table[label];
  Ink ink{};
  draw_glyph(styles[random.below(styles.size())], random, ink);
  if (random.uniform() < 0.2) draw_distractor(random, ink);
  const double noise = random.uniform(0.0, 16.0);
  expose(ink, noise, random, pixels);
  return label;
}

}  // namespace

ImageSet draw_glyphs(std::uint64_t seed, GlyphPart part, std::size_t count, unsigned threads) {
  constexpr std::size_t kFeatures = kGlyphSize * kGlyphSize;
  ImageSet images;
  images.shape = {1, kGlyphSize, kGlyphSize};
  auto& pixels = images.pixels.emplace<AlignedVector<std::uint8_t>>(count * kFeatures);
  images.labels.resize(count);

  const GlyphTable table = parse_styles();
  const auto draw_range = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      RandomStream random({seed, "embedded-image", static_cast<std::uint64_t>(part), i});
      images.labels[i] = draw_image(table, random, pixels.data() + i * kFeatures);
    }
  };
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  WorkQueue queue;  // it brings what its workers throw back to this thread
  for (unsigned t = 0; t < threads; ++t)
    queue.push(t, [&, t] { draw_range(count * t / threads, count * (t + 1) / threads); });
  queue.run(threads, std::stop_source());
  return images;
}

}  // namespace ltlab
