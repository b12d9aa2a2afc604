/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points that are followed through frames, and how alike two places are, by OpenCV. */
#include "guidance-image.hpp"

#include <algorithm>
#include <cmath>

namespace guidance
{

constexpr double JUMP_SURE = 0.3, JUMP_LEAST = 8;
constexpr int RADIUS_LEAST = 14, RADIUS_MOST = 32;
/* Beside the noise, below that a patch is known by noise. */
constexpr double CONTRAST_LEAST = 2.2;
constexpr double ALIKE_CENTRE = 0.45, ALIKE_PART = 0.75, ALIKE_PARTS = 0.8;
constexpr double UNLIKE_CENTRE = 0.6;
constexpr int FOREIGN = 20;
constexpr size_t MUCH = 20;
constexpr double MUCH_WIDE = 120;
constexpr int PARTS_LEAST = 5, MIDDLE = 7;

Point2f
apply (const Matx33d &m, const Point2f &p)
{
  double w = m (2, 0) * p.x + m (2, 1) * p.y + m (2, 2);

  return { float ((m (0, 0) * p.x + m (0, 1) * p.y + m (0, 2)) / w),
           float ((m (1, 0) * p.x + m (1, 1) * p.y + m (1, 2)) / w) };
}

Matx33d
shift (double x, double y)
{
  return { 1, 0, x, 0, 1, y, 0, 0, 1 };
}

Matx33d
stretch (double x, double y)
{
  return { x, 0, 0, 0, y, 0, 0, 0, 1 };
}

static Matx33d
widen (const cv::Mat &a)
{
  Matx33d m = Matx33d::eye ();

  for (int y = 0; y < a.rows; y++)
    for (int x = 0; x < 3; x++)
      m (y, x) = a.at<double> (y, x);
  return m;
}

Local::Local (const Matx33d &m, const Point2f &p)
{
  double w = m (2, 0) * p.x + m (2, 1) * p.y + m (2, 2);
  Point2f q = apply (m, p);

  if (!(w > 1e-3) || !std::isfinite (q.x) || !std::isfinite (q.y))
    return;
  double a = (m (0, 0) - m (2, 0) * q.x) / w, b = (m (0, 1) - m (2, 1) * q.x) / w;
  double c = (m (1, 0) - m (2, 0) * q.y) / w, d = (m (1, 1) - m (2, 1) * q.y) / w;
  double area = a * d - b * c, sum = (a * a + b * b + c * c + d * d) / 2;
  if (!(area > 1.0 / 36) || area > 36)
    return;
  double spread = std::sqrt (std::max (0.0, sum * sum - area * area));
  scale = std::sqrt (area);
  angle = std::atan2 (c - b, a + d);
  sane = sum + spread < 9 * std::max (1e-9, sum - spread);
}

bool
is_inside (const cv::Mat &grey, const Point2f &p, float margin)
{
  return p.x >= margin && p.y >= margin && p.x <= grey.cols - 1 - margin
         && p.y <= grey.rows - 1 - margin;
}

void
Pool::start (const FramePtr &first)
{
  tracks.clear ();
  frame = first;
  flat = Flat (first->grey, first->noise, first->dim, LK_LEVELS, true);
  age = 0;
}

void
Pool::stop ()
{
  *this = Pool ();
}

/* Where most of the frame has jumped to, if it went far: what repeats would be taken for the next
 * one of its kind otherwise. */
Point2f
Pool::jump_to (const Flat &next)
{
  cv::Mat before, now, window;
  double sure = 0;

  const double smaller = flat.dim ? 0.5 : 0.25;
  cv::resize (flat.picture, before, cv::Size (), smaller, smaller, cv::INTER_AREA);
  cv::resize (next.picture, now, before.size (), 0, 0, cv::INTER_AREA);
  before.convertTo (before, CV_32F);
  now.convertTo (now, CV_32F);
  cv::createHanningWindow (window, before.size (), CV_32F);
  cv::Point2d far = cv::phaseCorrelate (before, now, window, &sure) * 4;
  return sure > JUMP_SURE && cv::norm (far) > JUMP_LEAST ? Point2f (far) : Point2f ();
}

void
Pool::step (const FramePtr &next)
{
  Flat next_flat (next->grey, next->noise, next->dim, LK_LEVELS, true);
  std::vector<Track> kept;
  Points before, now, left;

  if (next->grey.size () == frame->grey.size ())
    {
      if (flat.dim != next_flat.dim)
        flat = Flat (frame->grey, frame->noise, next_flat.dim, LK_LEVELS, true);
      for (const Track &track : tracks)
        before.push_back (track.at);
      std::vector<bool> good = follow (flat, next_flat, before, now, LK_LEVELS,
                                       jump_to (next_flat));
      for (size_t i = 0; i < tracks.size (); i++)
        if (good[i])
          {
            kept.push_back (tracks[i]);
            kept.back ().at = now[i];
            left.push_back (before[i]);
          }
    }
  tracks = std::move (kept);
  move (left);
  part ();
  flat = std::move (next_flat);
  frame = next;
  age++;
}

/* How each point moved beside the whole. */
void
Pool::move (const Points &before)
{
  Points now;
  cv::Mat found, agree;

  for (const Track &track : tracks)
    now.push_back (track.at);
  if (now.size () >= 12)
    found = cv::findHomography (before, now, cv::RANSAC, 2, agree, 200, 0.99);
  whole = found.empty () ? Matx33d::eye () : widen (found);
  for (size_t i = 0; i < tracks.size (); i++)
    {
      Track &track = tracks[i];
      Point2f expected = found.empty () ? now[i] : apply (whole, before[i]);
      track.apart = 0.9 * track.apart + (now[i] - expected);
      track.moved = 0.9 * track.moved + (expected - before[i]);
    }
}

/* What moves otherwise than what is beside it, and is less of the frame, lies before the scene:
 * points are one thing where neighbours move nearly alike, as those of tissue that bends do. */
void
Pool::part ()
{
  const size_t n = tracks.size ();
  std::vector<size_t> thing (n), size (n, 1);
  std::vector<std::pair<size_t, size_t> > against;
  std::vector<int> contrary (n);

  for (size_t i = 0; i < n; i++)
    thing[i] = i;
  auto head = [&] (size_t i) {
    while (thing[i] != i)
      i = thing[i] = thing[thing[i]];
    return i;
  };
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++)
      {
        Point2f off = tracks[i].at - tracks[j].at;
        if (std::abs (off.x) > BESIDE || std::abs (off.y) > BESIDE)
          continue;
        double far = cv::norm (off), unlike = cv::norm (tracks[i].apart - tracks[j].apart);
        if (unlike > 1.5 + 0.04 * far + 0.3 * cv::norm (tracks[i].moved))
          {
            against.push_back ({ i, j });
            continue;
          }
        size_t a = head (i), b = head (j);
        if (a != b)
          {
            thing[a] = b;
            size[b] += size[a];
          }
      }
  for (const auto &[i, j] : against)
    {
      size_t a = head (i), b = head (j);
      if (a == b)
        continue;
      size_t less = size[a] < size[b] ? a : b;
      contrary[less]++;
    }
  for (size_t i = 0; i < n; i++)
    {
      if (contrary[head (i)] >= 2)
        tracks[i].foreign = FOREIGN;
      else
        tracks[i].foreign -= tracks[i].foreign > 0;
    }
}

void
Pool::refill (const Points &marks, bool at_once)
{
  const cv::Mat &grey = frame->grey;
  const int side = 40, columns = (grey.cols + side - 1) / side;
  std::vector<int> in_cell (columns * ((grey.rows + side - 1) / side));
  std::vector<int> beside (marks.size ());
  Points taken;

  if (!at_once && age % 4 != 0)
    return;
  for (const Track &track : tracks)
    {
      taken.push_back (track.at);
      in_cell[int (track.at.y) / side * columns + int (track.at.x) / side]++;
      for (size_t i = 0; i < marks.size (); i++)
        beside[i] += cv::norm (track.at - marks[i]) < BESIDE;
    }
  for (const Point2f &p : flat.corners (800, 0.01, taken))
    {
      int &cell = in_cell[int (p.y) / side * columns + int (p.x) / side];
      bool wanted = cell < 4 && is_inside (grey, p, 3);
      for (size_t i = 0; i < marks.size () && !wanted; i++)
        wanted = beside[i] < 16 && cv::norm (p - marks[i]) < BESIDE;
      if (!wanted || tracks.size () >= 320)
        continue;
      cell++;
      for (size_t i = 0; i < marks.size (); i++)
        beside[i] += cv::norm (p - marks[i]) < BESIDE;
      tracks.emplace_back (last_id++, p);
    }
}

/* Takes slopes and bows of the light off a square: on its grid these are without one another. */
static void
level (cv::Mat &square)
{
  const int side = square.cols, r = side / 2;
  const double bow = r * (r + 1) / 3.0;
  double sums[6] = {}, sizes[6] = {};
  auto basis = [&] (int x, int y, double *b) {
    b[0] = 1, b[1] = x - r, b[2] = y - r, b[3] = b[1] * b[1] - bow, b[4] = b[2] * b[2] - bow,
    b[5] = b[1] * b[2];
  };

  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      {
        double b[6];
        basis (x, y, b);
        for (int i = 0; i < 6; i++)
          sums[i] += b[i] * square.at<float> (y, x), sizes[i] += b[i] * b[i];
      }
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      {
        double b[6], light = 0;
        basis (x, y, b);
        for (int i = 0; i < 6; i++)
          light += b[i] * sums[i] / sizes[i];
        square.at<float> (y, x) -= float (light);
      }
}

/* What is seen of @frame around a place of another one, by @m from there to here. */
static void
look (Frame &frame, const Matx33d &m, const Point2f &centre, int radius, double deviation,
      std::vector<float> &grey, std::vector<float> &raw, std::vector<uchar> &valid)
{
  const int blur = int (std::ceil (2.5 * deviation)), side = 2 * radius + 1, wide = side + 2 * blur;
  Local local (m, centre);
  cv::Mat from = frame.grey, seen;
  Matx33d to = m * shift (centre.x - radius - blur, centre.y - radius - blur);

  if (local.scale > 1.6)
    {
      if (frame.half.empty ())
        cv::pyrDown (frame.grey, frame.half);
      from = frame.half;
      to = stretch (0.5, 0.5) * to;
    }
  if (local.scale > 3.2)
    {
      if (frame.quarter.empty ())
        cv::pyrDown (frame.half, frame.quarter);
      from = frame.quarter;
      to = stretch (0.5, 0.5) * to;
    }
  cv::warpPerspective (from, seen, to, cv::Size (wide, wide),
                       cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  seen.convertTo (seen, CV_32F);
  cv::GaussianBlur (seen, seen, cv::Size (2 * blur + 1, 2 * blur + 1), deviation);
  seen = seen (cv::Rect (blur, blur, side, side)).clone ();
  raw.assign (seen.begin<float> (), seen.end<float> ());
  level (seen);
  grey.resize (size_t (side) * side);
  valid.resize (grey.size ());
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      {
        grey[size_t (y) * side + x] = seen.at<float> (y, x);
        valid[size_t (y) * side + x] = is_inside (
            from, apply (to, Point2f (float (x + blur), float (y + blur))), 0);
      }
}

namespace
{

/* What two patches have in common, at one shift of the second. */
struct Sums
{
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;

  double
  alike (double contrast_least) const
  {
    double va = aa - a * a / n, vb = bb - b * b / n;

    if (n < 9 || va < n * contrast_least || vb < n * contrast_least || vb * 25 < va || va * 25 < vb)
      return 0;
    return (ab - a * b / n) / std::sqrt (va * vb);
  }

  double
  contrast () const
  {
    return n > 0 ? (bb - b * b / n) / n : 0;
  }

  /* What of the second one is not as the first one by the gain of all, squared. */
  double
  unlike (const Sums &all) const
  {
    double p = all.a / all.n, q = all.b / all.n;
    double gain = (all.ab - all.a * q) / std::max (1e-9, all.aa - all.a * p);

    return n > 0 ? (bb - 2 * q * b + n * q * q + gain * gain * (aa - 2 * p * a + n * p * p)
                    - 2 * gain * (ab - q * a - p * b + n * p * q))
                       / n
                 : 0;
  }
};

/* What is at a patch's place, and around it. */
struct Seen
{
  int radius;
  std::vector<float> grey, raw;
  std::vector<uchar> valid;

  Seen (Frame &frame, const Matx33d &m, const Point2f &centre, int far, double blur) : radius (far)
  {
    look (frame, m, centre, far, blur, grey, raw, valid);
  }
};

} // namespace

/* @part: of the patch */
static Sums
compare (const Patch &patch, const cv::Rect &part, const Seen &seen, int dx, int dy,
         bool levelled = true)
{
  const int side = 2 * patch.radius + 1, margin = seen.radius - patch.radius;
  const int stride = patch.radius > 20 ? 2 : 1;
  const std::vector<float> &there = levelled ? patch.grey : patch.raw;
  const std::vector<float> &here = levelled ? seen.grey : seen.raw;
  const float middle = levelled ? 0 : 128;
  Sums sums;

  for (int y = part.y; y < part.y + part.height; y += stride)
    {
      size_t at = size_t (y) * size_t (side);
      size_t to = size_t (y + margin + dy) * size_t (2 * seen.radius + 1) + size_t (margin + dx);
      float a = 0, b = 0, aa = 0, bb = 0, ab = 0, n = 0;
      for (int x = part.x; x < part.x + part.width; x += stride)
        {
          float v = patch.valid[at + x] && seen.valid[to + x];
          float p = (there[at + x] - middle) * v, q = (here[to + x] - middle) * v;
          n += v, a += p, b += q, aa += p * p, bb += q * q, ab += p * q;
        }
      sums.n += n, sums.a += a, sums.b += b, sums.aa += aa, sums.bb += bb, sums.ab += ab;
    }
  return sums;
}

/* Large enough, and blurred enough, that what is there stands out of the noise. */
Patch::Patch (Frame &frame, const Point2f &at)
{
  centre = at;
  radius = RADIUS_LEAST;
  for (;;)
    {
      const double noise = NOISE_LEFT / blur * std::max (frame.noise, 0.5);
      Sums own;
      /* The light is taken off what is around as well, as it will be. */
      const Seen around (frame, Matx33d::eye (), at, radius + SEARCH, blur);
      const int side = 2 * radius + 1, wide = side + 2 * SEARCH;
      grey.resize (size_t (side) * side);
      raw.resize (grey.size ());
      valid.resize (grey.size ());
      for (int i = 0; i < side * side; i++)
        {
          int from = (i / side + SEARCH) * wide + i % side + SEARCH;
          grey[size_t (i)] = around.grey[size_t (from)];
          raw[size_t (i)] = around.raw[size_t (from)];
          valid[size_t (i)] = around.valid[size_t (from)];
        }
      for (size_t i = 0; i < grey.size (); i++)
        if (valid[i])
          own.n++, own.a += grey[i], own.aa += grey[i] * grey[i];
      contrast = std::sqrt (std::max (0.0, own.aa / own.n - own.a * own.a / own.n / own.n));
      if (contrast >= 1.2 && contrast >= 5 * noise)
        return;
      if (radius + 6 <= RADIUS_MOST)
        radius += 6;
      else if (blur < 3 && contrast < 5 * noise)
        blur = 3;
      else if (blur < 4.5 && contrast < CONTRAST_LEAST * noise)
        blur = 4.5;
      else
        {
          if (contrast < 0.5 || contrast < CONTRAST_LEAST * noise)
            contrast = 0;
          return;
        }
    }
}

/* Where between the shifts the best one is. */
static float
between (double before, double best, double after)
{
  double bend = before - 2 * best + after;

  return bend > -1e-6 ? 0 : float (std::clamp ((before - after) / (2 * bend), -0.5, 0.5));
}

/* Something lies on the patch, and not on its middle: most of nine parts are what they were. */
static double
judge_parts (const Patch &patch, const Seen &seen, int dx, int dy, double contrast_least)
{
  const int side = 2 * patch.radius + 1, third = side / 3;
  double sum = 0;
  int alike = 0;

  for (int i = 0; i < 9; i++)
    {
      const cv::Rect part (i % 3 * third, i / 3 * third, third + side % 3, third + side % 3);
      Sums sums = compare (patch, part, seen, dx, dy, false);
      double is = sums.n > part.area () / 2.0 / (patch.radius > 20 ? 4 : 1)
                      ? sums.alike (contrast_least)
                      : 0;
      if (is >= ALIKE_PART)
        {
          alike++;
          sum += is;
        }
      else if (i == 4)
        return 0;
    }
  return alike >= PARTS_LEAST ? sum / alike : 0;
}

Judged
judge_patch (const Patch &patch, Frame &frame, const Matx33d &m, int search, bool parts)
{
  const int side = 2 * search + 1, most = 2 * patch.radius + 1;
  const double least = 0.45 * most * most / (patch.radius > 20 ? 4 : 1);
  const double noise = NOISE_LEFT / patch.blur * std::max (frame.noise, 0.5);
  const double contrast_least = std::max (0.5, 9 * noise * noise);
  std::vector<double> score (size_t (side) * side);
  int best = 0;
  Judged judged;

  if (!Local (m, patch.centre).sane || patch.contrast <= 0
      || !is_inside (frame.grey, apply (m, patch.centre), 0))
    return judged;
  Seen seen (frame, m, patch.centre, patch.radius + search, patch.blur);
  for (int dy = -search, i = 0; dy <= search; dy++)
    for (int dx = -search; dx <= search; dx++, i++)
      {
        Sums sums = compare (patch, cv::Rect (0, 0, most, most), seen, dx, dy);
        /* A little for where it is expected, since an edge is alike all along. */
        score[i] = sums.n < least ? -1 : sums.alike (0.06) - 0.002 * (dx * dx + dy * dy);
        if (score[i] > score[best])
          best = i;
      }
  int dx = best % side - search, dy = best / side - search;
  if (score[best] < ALIKE)
    {
      judged.alike = parts ? std::min (ALIKE_PARTS, judge_parts (patch, seen, 0, 0, contrast_least))
                           : 0;
      return judged;
    }
  if (std::abs (dx) == search || std::abs (dy) == search)
    return judged;
  const cv::Rect middle (patch.radius - MIDDLE, patch.radius - MIDDLE, 2 * MIDDLE + 1,
                         2 * MIDDLE + 1);
  Sums all = compare (patch, cv::Rect (0, 0, most, most), seen, dx, dy);
  Sums centre = compare (patch, middle, seen, dx, dy);
  double alike = centre.alike (contrast_least);
  if ((alike != 0 && alike < ALIKE_CENTRE)
      || centre.unlike (all) > UNLIKE_CENTRE * all.contrast () + 9 * noise * noise)
    return judged;
  judged.alike = score[best] + 0.002 * (dx * dx + dy * dy);
  judged.off = { dx + between (score[best - 1], score[best], score[best + 1]),
                 dy + between (score[best - side], score[best], score[best + side]) };
  return judged;
}

double
estimate_wide (const Points &from, const Points &to, const Point2f &anchor, Matx33d &m)
{
  cv::Mat agree, found;
  size_t least = from.size () >= 15 ? 15 : 6;

  if (from.size () < 6)
    return 0;
  if (from.size () >= 15)
    found = cv::findHomography (from, to, cv::RANSAC, RANSAC_OFF, agree, 300, 0.995);
  else
    found = cv::estimateAffinePartial2D (from, to, agree, cv::RANSAC, RANSAC_OFF, 300, 0.99);
  if (found.empty ())
    return 0;
  size_t n = 0, near = 0;
  for (size_t i = 0; i < from.size (); i++)
    if (agree.at<uchar> (int (i)) != 0)
      {
        n++;
        near += cv::norm (from[i] - anchor) < NEAR;
      }
  m = widen (found);
  if (n < least || 2 * n < from.size () || near < 5 || !Local (m, anchor).sane)
    return 0;
  return double (n) / double (from.size ());
}

bool
estimate_beside (const Points &from, const Points &to, const Point2f &anchor, Matx33d &m)
{
  Points a, b;
  cv::Mat agree;

  for (size_t i = 0; i < from.size () && a.size () < 14; i++)
    if (cv::norm (from[i] - anchor) < BESIDE)
      {
        a.push_back (from[i]);
        b.push_back (to[i]);
      }
  if (a.size () < 5)
    return false;
  cv::Mat found = cv::estimateAffinePartial2D (a, b, agree, cv::RANSAC, RANSAC_OFF, 100, 0.99);
  if (found.empty ())
    return false;
  size_t n = size_t (cv::countNonZero (agree));
  m = widen (found);
  return n >= 5 && 5 * n >= 3 * a.size () && Local (m, anchor).sane;
}

static void
describe (Frame &frame)
{
  if (frame.described)
    return;
  frame.described = true;
  cv::ORB::create (500, 1.25f, 5, 19, 0, 2, cv::ORB::HARRIS_SCORE, 31, 5)
      ->detectAndCompute (calm (frame.grey, frame.noise), cv::noArray (), frame.corners,
                          frame.descriptors);
}

bool
recognise (Frame &from, Frame &to, const Point2f &anchor, By by, Matx33d &m)
{
  std::vector<std::vector<cv::DMatch> > pairs;
  Points a, b, agreed;
  cv::Mat agree;
  size_t n = 0, beside = 0;

  describe (from);
  describe (to);
  if (from.corners.size () < 12 || to.corners.size () < 12)
    return false;
  cv::BFMatcher (cv::NORM_HAMMING).knnMatch (from.descriptors, to.descriptors, pairs, 2);
  for (const auto &pair : pairs)
    if (pair.size () == 2 && pair[0].distance < 64 && pair[0].distance < 0.8f * pair[1].distance)
      {
        const Point2f &p = from.corners[size_t (pair[0].queryIdx)].pt;
        if (by == By::NEAR && cv::norm (p - anchor) > NEAR)
          continue;
        a.push_back (p);
        b.push_back (to.corners[size_t (pair[0].trainIdx)].pt);
      }
  if (a.size () < 12)
    return false;
  cv::Mat found = cv::findHomography (a, b, cv::RANSAC, 3, agree, 500, 0.995);
  if (found.empty ())
    return false;
  for (size_t i = 0; i < a.size (); i++)
    if (agree.at<uchar> (int (i)) != 0)
      {
        n++;
        beside += cv::norm (a[i] - anchor) < NEAR;
        agreed.push_back (a[i]);
      }
  const cv::Rect box = agreed.empty () ? cv::Rect () : cv::boundingRect (agreed);
  m = widen (found);
  if (by == By::MUCH && (n < MUCH || std::hypot (box.width, box.height) < MUCH_WIDE))
    return false;
  return n >= 12 && 5 * n >= 2 * a.size () && beside >= 5 && Local (m, anchor).sane;
}

bool
search (Frame &from, Frame &to, const Point2f &anchor, double other_most, Matx33d &m)
{
  const int radius = 20;
  Local local (m, anchor);
  cv::Mat seen, score;
  cv::Point best;

  if (!local.sane)
    return false;
  if (from.half.empty ())
    cv::pyrDown (from.grey, from.half);
  /* Half as large, and turned back: the frame's middle stays in the middle. */
  const double c = std::cos (local.angle) * local.scale, s = std::sin (local.angle) * local.scale;
  const Matx33d turn (c, -s, 0, s, c, 0, 0, 0, 1);
  const int wide = int (to.grey.cols / local.scale / 2) + 2 * radius;
  const int high = int (to.grey.rows / local.scale / 2) + 2 * radius;
  if (MAX (wide, high) > SIDE)
    return false;
  const Matx33d back = shift (to.grey.cols / 2.0, to.grey.rows / 2.0) * turn * stretch (2, 2)
                       * shift (-wide / 2.0, -high / 2.0);
  const Point2f at = anchor * 0.5f;
  const cv::Rect around = cv::Rect (int (at.x) - radius, int (at.y) - radius, 2 * radius + 1,
                                    2 * radius + 1)
                          & cv::Rect (0, 0, from.half.cols, from.half.rows);
  if (around.width < radius || around.height < radius)
    return false;
  cv::warpPerspective (calm (to.grey, to.noise), seen, back, cv::Size (wide, high),
                       cv::INTER_AREA | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  cv::blur (seen, seen, cv::Size (3, 3));
  cv::matchTemplate (seen, from.half (around), score, cv::TM_CCOEFF_NORMED);
  double alike = 0, other = 0;
  cv::minMaxLoc (score, nullptr, &alike, nullptr, &best);
  /* What is as alike elsewhere is no find. */
  cv::circle (score, best, radius / 2, cv::Scalar (-1), -1);
  cv::minMaxLoc (score, nullptr, &other);
  m = back * shift (best.x - around.x, best.y - around.y) * stretch (0.5, 0.5);
  return alike >= 0.5 && other < other_most * alike;
}

} // namespace guidance
