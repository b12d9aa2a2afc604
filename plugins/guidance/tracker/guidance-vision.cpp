/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows marks through the frames of a picture. */

/* Points of the whole frame are followed from frame to frame (a Pool). A mark remembers where those
 * around it were on its base, a frame on which its place was certain; from there to now is a
 * homography, never a chain of small steps. What is there now, turned back, must look as it did (a
 * View): otherwise the mark is lost at once, and is looked for by descriptors. */
#include "guidance-vision.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace guidance;

namespace
{

constexpr double ALIKE_CERTAIN = 0.82;
constexpr size_t VIEWS = 8, BEGUN = 16;
constexpr float APART = 5, APART_LEAST = 2, APART_MOST = 6;
constexpr int STEPS = 4, ALIGNED = 2;
/* Of pictures that were no frames here: before all that are. */
constexpr gint64 KEPT_TIME = G_MININT64;

static_assert (SIDE == GUIDANCE_VISION_SIDE, "the interface says how large pictures are");

/* From 0..1 to the middles of pixels. */
Matx33d
pixels_of (const cv::Mat &grey)
{
  return { double (grey.cols), 0, -0.5, 0, double (grey.rows), -0.5, 0, 0, 1 };
}

/* From the frame that it was drawn on to this one, both in 0..1. */
Matx33d
matrix_of (const Mark &mark, const Frame &frame)
{
  Matx33d m = pixels_of (frame.grey).inv () * mark.m * mark.pixels;

  return m * (1 / m (2, 2));
}

GuidanceVisionStatus
check_size (guint width, guint height, gsize stride)
{
  return MIN (width, height) < GUIDANCE_VISION_SIDE_LEAST
                 || MAX (width, height) > GUIDANCE_VISION_SIDE_MOST || stride < width
             ? GUIDANCE_VISION_BAD_SIZE
             : GUIDANCE_VISION_TAKEN;
}

/* A copy, made smaller where it is too large. */
cv::Mat
picture_of (const guint8 *grey, guint width, guint height, gsize stride)
{
  const cv::Mat given (int (height), int (width), CV_8U, const_cast<guint8 *> (grey), stride);
  double smaller = double (SIDE) / MAX (width, height);
  cv::Mat picture;

  if (smaller >= 1)
    return given.clone ();
  cv::resize (given, picture,
              cv::Size (MAX (16, int (std::lround (width * smaller))),
                        MAX (16, int (std::lround (height * smaller)))),
              0, 0, cv::INTER_AREA);
  return picture;
}

MarkPtr
mark_of (guint64 id, const cv::Mat &drawn_on, const GuidancePoint *points, guint n_points)
{
  MarkPtr mark = std::make_unique<Mark> ();

  mark->id = id;
  mark->pixels = pixels_of (drawn_on);
  for (guint i = 0; i < n_points; i++)
    {
      Point2f p = apply (mark->pixels, Point2f (float (points[i].x), float (points[i].y)));
      mark->drawn.push_back ({ std::clamp (p.x, 0.0f, float (drawn_on.cols - 1)),
                               std::clamp (p.y, 0.0f, float (drawn_on.rows - 1)) });
    }
  mark->places = places_of (mark->drawn);
  return mark;
}

} // namespace

void
_GuidanceVision::lose (Mark &mark)
{
  mark.pool = nullptr;
  mark.waits = nullptr;
  mark.base.clear ();
  mark.apart = {};
  mark.moved = {};
  mark.shown = false;
  mark.good = 0;
  mark.disagreed = 0;
}

void
_GuidanceVision::rebase (Mark &mark, Pool &by, const Matx33d &m)
{
  Point2f at = apply (m, mark.places[0]);
  std::vector<std::pair<double, size_t> > order;

  mark.m = m;
  mark.base_m = m;
  mark.base.clear ();
  mark.pool = &by;
  for (size_t i = 0; i < by.tracks.size (); i++)
    if (by.tracks[i].foreign == 0)
      order.push_back ({ cv::norm (by.tracks[i].at - at), i });
  std::sort (order.begin (), order.end ());
  for (const auto &[far, i] : order)
    {
      size_t n = mark.base.size ();
      if (n >= 50 || far > FAR || (far > NEAR && n >= 20))
        break;
      mark.base.push_back ({ by.tracks[i].id, by.tracks[i].at });
    }
}

/* Those of the base that are still followed, the closest first. */
static void
pairs (const Mark &mark, Points &from, Points &to)
{
  const std::vector<Track> &tracks = mark.pool->tracks;

  for (const Base &base : mark.base)
    {
      auto found = std::lower_bound (tracks.begin (), tracks.end (), base.id,
                                     [] (const Track &t, guint64 id) { return t.id < id; });
      if (found == tracks.end () || found->id != base.id || found->foreign > 0)
        continue;
      from.push_back (base.at);
      to.push_back (found->at);
    }
}

/* Whether the mark goes with something that lies before the scene, as a tool that was near when
 * it was drawn. @to: where it would be now */
static bool
goes_with_foreign (Mark &mark, const Point2f &to)
{
  const Pool &by = *mark.pool;
  const Point2f was = apply (mark.m, mark.places[0]), whole = apply (by.whole, was);
  int with = 0;

  mark.apart = 0.9 * mark.apart + (to - whole);
  mark.moved = 0.9 * mark.moved + (whole - was);
  if (cv::norm (mark.apart) > APART_MOST + 0.35 * cv::norm (mark.moved))
    return true;
  if (cv::norm (mark.apart) < APART_LEAST)
    return false;
  for (const Track &track : by.tracks)
    with += track.foreign > 0 && cv::norm (track.at - to) < AROUND
            && cv::norm (track.apart - mark.apart) < 0.5 * cv::norm (mark.apart);
  return with >= 2;
}

void
_GuidanceVision::update (Mark &mark)
{
  Frame &frame = *mark.pool->frame;
  Points from, to;
  Point2f anchor = apply (mark.base_m, mark.places[0]);
  Matx33d best, other;
  bool followed = false;
  double alike = 0;

  pairs (mark, from, to);
  auto consider = [&] (const Matx33d &m, bool parts) {
    Matx33d mended = m;
    double found = judge (mark, frame, mended, SEARCH, parts);
    if (found > alike || (alike <= 0 && !followed))
      best = mended;
    alike = std::max (alike, found);
    followed = true;
  };
  double share = estimate_wide (from, to, anchor, other);
  mark.steady = share >= 0.6 && from.size () >= 15;
  if (share > 0)
    consider (other * mark.base_m, share >= 0.6 && from.size () >= 12);
  /* What moves apart from what is around it may be a tool that was near when it was drawn. */
  Point2f at = apply (other * mark.base_m, mark.places[0]);
  if (alike < ALIKE_CERTAIN && estimate_beside (from, to, anchor, other)
      && (share <= 0 || cv::norm (apply (other * mark.base_m, mark.places[0]) - at) < APART))
    consider (other * mark.base_m, false);
  /* What is around does not say: it may be where it was. */
  if (!followed && from.size () >= 6)
    consider (mark.m, false);
  if (alike > 0 && goes_with_foreign (mark, apply (best, mark.places[0])))
    alike = 0, followed = false;
  mark.alike = alike;
  if (alike <= 0)
    {
      mark.shown = false;
      mark.good = 0;
      mark.bad++;
      if (followed)
        mark.m = best;
      else
        lose (mark);
      return;
    }
  mark.m = best;
  mark.seen_m = best;
  mark.seen_at = frame.time;
  mark.bad = 0;
  mark.good++;
  size_t few = std::max<size_t> (12, mark.base.size () / 2);
  if (alike >= ALIKE_CERTAIN ? from.size () < few || share < 0.75 : from.size () < 8)
    rebase (mark, *mark.pool, best);
}

void
_GuidanceVision::remember (Mark &mark)
{
  const FramePtr &frame = mark.pool->frame;
  Point2f at = apply (mark.m, mark.places[0]);
  Local now (mark.m, mark.places[0]);

  if (mark.good < 3 || mark.alike < ALIKE_CERTAIN || !is_inside (frame->grey, at, 20))
    return;
  for (const View &view : mark.views)
    {
      Local then (view.m, mark.places[0]);
      if (std::abs (std::log (now.scale / then.scale)) < std::log (1.25)
          && std::abs (std::remainder (now.angle - then.angle, 2 * CV_PI)) < CV_PI / 9
          && cv::norm (at - view.anchor) < 60)
        return;
    }
  View view = view_of (mark, frame, mark.m);
  if (view.patches[0].contrast <= 0)
    return;
  if (mark.views.size () < VIEWS)
    mark.views.push_back (std::move (view));
  else /* never the first one */
    mark.views[1 + view_next++ % (VIEWS - 1)] = std::move (view);
}

void
_GuidanceVision::align_some ()
{
  const size_t first = align_next;
  int left = ALIGNED;

  for (size_t k = 0; k < marks.size () && left > 0; k++)
    {
      Mark &mark = *marks[(first + k) % marks.size ()];
      if (mark.pool != &pool || mark.bad > 0)
        continue;
      left--;
      align_next = (first + k + 1) % marks.size ();
      Matx33d m = mark.m;
      Around around = align (mark, mark.views[nearest_views (mark, m)[0]], *pool.frame, m);
      mark.disagreed = around == Around::ELSEWHERE ? mark.disagreed + 1 : 0;
      double alike = around == Around::AGREES ? judge (mark, *pool.frame, m, SEARCH) : 0;
      if (alike >= mark.alike - 0.02 && alike >= ALIKE_CERTAIN)
        rebase (mark, pool, m);
    }
}

Points
_GuidanceVision::places_in (const Pool &by)
{
  Points places;

  for (const MarkPtr &mark : marks)
    if (mark->pool == &by)
      places.push_back (apply (mark->m, mark->places[0]));
  return places;
}

bool
_GuidanceVision::is_used (const Pool &by)
{
  return std::any_of (marks.begin (), marks.end (),
                      [&by] (const MarkPtr &mark) { return mark->pool == &by; });
}

void
_GuidanceVision::advance (Pool &by, const FramePtr &next)
{
  if (!guarded ([&] { by.step (next); }))
    {
      for (MarkPtr &mark : marks)
        if (mark->pool == &by)
          lose (*mark);
      return;
    }
  for (MarkPtr &mark : marks)
    if (mark->pool == &by
        && !guarded ([&] { update (*mark), mark->pool ? remember (*mark) : void (); }))
      lose (*mark);
}

void
_GuidanceVision::begin_marks ()
{
  std::vector<Mark *> begun;
  Points places = places_in (behind);

  for (MarkPtr &mark : marks)
    if (mark->waits == behind.frame && begun.size () < BEGUN)
      {
        places.push_back (mark->places[0]);
        begun.push_back (mark.get ());
      }
  behind.refill (places, !begun.empty ());
  for (Mark *mark : begun)
    {
      mark->waits = nullptr;
      if (!guarded ([&] {
            if (mark->kept)
              {
                /* Over a gap it could come to another one of its kind. */
                if (is_unique (mark->views[1]))
                  rebase (*mark, behind, mark->m);
                mark->need = 2;
                return;
              }
            mark->views.push_back (view_of (*mark, behind.frame, Matx33d::eye ()));
            rebase (*mark, behind, Matx33d::eye ());
            mark->good = mark->views[0].patches[0].contrast > 0;
            mark->alike = 1;
          }))
        lose (*mark);
    }
}

void
_GuidanceVision::join ()
{
  if (!is_used (pool))
    {
      pool = std::move (behind);
      for (MarkPtr &mark : marks)
        if (mark->pool == &behind)
          mark->pool = &pool;
    }
  else
    {
      pool.refill (places_in (behind), true);
      for (MarkPtr &mark : marks)
        if (mark->pool == &behind)
          rebase (*mark, pool, mark->m);
    }
  behind.stop ();
}

FramePtr
_GuidanceVision::first_waited ()
{
  FramePtr first;
  gint64 latest = G_MININT64;

  for (const MarkPtr &mark : marks)
    if (mark->waits && mark->waits->time == KEPT_TIME && (!first || mark->kept_at > latest))
      {
        first = mark->waits;
        latest = mark->kept_at;
      }
  if (first)
    {
      /* Marks that were followed last before that are looked for. */
      for (const MarkPtr &mark : marks)
        if (mark->waits && mark->waits->time == KEPT_TIME && mark->waits != first)
          mark->waits = nullptr;
      return first;
    }
  for (const MarkPtr &mark : marks)
    if (mark->waits && (!first || mark->waits->time < first->time))
      first = mark->waits;
  return first;
}

FramePtr
_GuidanceVision::next_behind ()
{
  auto after = std::upper_bound (frames.begin (), frames.end (), behind.frame->time,
                                 [] (gint64 t, const FramePtr &f) { return t < f->time; });
  bool waited = std::any_of (marks.begin (), marks.end (),
                             [&] (const MarkPtr &mark) { return mark->waits == *after; });

  return waited ? *after : *(after + std::clamp (int (frames.end () - after) / 10, 0, 3));
}

void
_GuidanceVision::catch_up ()
{
  for (int step = 0; step < STEPS; step++)
    {
      if (behind.frame == nullptr)
        {
          FramePtr first = first_waited ();
          if (!first)
            return;
          behind.start (first);
        }
      else
        advance (behind, next_behind ());
      begin_marks ();
      if (behind.frame == frames.back ())
        join ();
      else if (!is_used (behind))
        behind.stop ();
    }
}

void
_GuidanceVision::go_on ()
{
  if (is_used (pool))
    {
      advance (pool, frames.back ());
      if (!guarded ([&] {
            align_some ();
            pool.refill (places_in (pool), false);
          }))
        for (MarkPtr &mark : marks)
          if (mark->pool == &pool)
            lose (*mark);
    }
  if (!guarded ([&] { catch_up (); }))
    {
      for (MarkPtr &mark : marks)
        if (mark->pool == &behind || (mark->waits && mark->waits == behind.frame))
          lose (*mark);
      behind.stop ();
    }
  seek ();
  if (!is_used (pool))
    pool.stop ();
  for (MarkPtr &mark : marks)
    {
      mark->shown = mark->pool == &pool && mark->good >= mark->need && mark->bad == 0
                    && mark->disagreed == 0;
      if (mark->shown)
        mark->need = 1;
    }
}

GuidanceVision *
guidance_vision_new (void)
{
  try
    {
      cv::setNumThreads (1);
      /* What it throws is handled here; it need not be told on standard error as well. */
      cv::redirectError (
          [] (int, const char *, const char *, const char *, int, void *) { return 0; });
      return new _GuidanceVision ();
    }
  catch (...)
    {
      return nullptr;
    }
}

void
guidance_vision_free (GuidanceVision *self)
{
  delete self;
}

GuidanceVisionStatus
guidance_vision_keep (GuidanceVision *self, const guint8 *grey, guint width, guint height,
                      gsize stride, gint64 time)
{
  g_return_val_if_fail (self != nullptr && grey != nullptr, GUIDANCE_VISION_FAILED);
  if (check_size (width, height, stride) != GUIDANCE_VISION_TAKEN)
    return GUIDANCE_VISION_BAD_SIZE;
  if (time == KEPT_TIME || (!self->frames.empty () && time <= self->frames.back ()->time))
    return GUIDANCE_VISION_BAD_TIME;
  if (!self->guarded ([&] {
        self->frames.push_back (
            std::make_shared<Frame> (time, picture_of (grey, width, height, stride)));
      }))
    return GUIDANCE_VISION_FAILED;
  while (self->frames.size () > GUIDANCE_VISION_KEPT_FRAMES
         || between (time, self->frames.front ()->time) > GUIDANCE_VISION_KEPT_US)
    {
      self->oldest = self->frames.front ()->time;
      self->frames.pop_front ();
    }
  /* Of the others the picture is enough, unless a mark knows its looks by it. */
  if (self->frames.size () > 3 && self->frames[self->frames.size () - 3].use_count () == 1)
    self->frames[self->frames.size () - 3]->forget ();
  return GUIDANCE_VISION_TAKEN;
}

GuidanceVisionStatus
guidance_vision_push (GuidanceVision *self, const guint8 *grey, guint width, guint height,
                      gsize stride, gint64 time)
{
  GuidanceVisionStatus status = guidance_vision_keep (self, grey, width, height, stride, time);

  if (status == GUIDANCE_VISION_TAKEN && !self->guarded ([&] { self->go_on (); }))
    for (MarkPtr &mark : self->marks)
      self->lose (*mark);
  return status;
}

static GuidanceVisionStatus
check_mark (GuidanceVision *self, guint64 id, const GuidancePoint *points, guint n_points)
{
  if (n_points == 0 || n_points > GUIDANCE_VISION_POINTS || points == nullptr)
    return GUIDANCE_VISION_BAD_COUNT;
  for (guint i = 0; i < n_points; i++)
    if (!(points[i].x >= 0 && points[i].x <= 1 && points[i].y >= 0 && points[i].y <= 1))
      return GUIDANCE_VISION_BAD_POINT;
  for (const MarkPtr &mark : self->marks)
    if (mark->id == id)
      return GUIDANCE_VISION_MARK_EXISTS;
  return self->marks.size () >= GUIDANCE_VISION_MARKS ? GUIDANCE_VISION_MARKS_FULL
                                                      : GUIDANCE_VISION_TAKEN;
}

GuidanceVisionStatus
guidance_vision_add (GuidanceVision *self, guint64 id, gint64 time, const GuidancePoint *points,
                     guint n_points)
{
  GuidanceVisionStatus status;
  FramePtr drawn;

  g_return_val_if_fail (self != nullptr, GUIDANCE_VISION_FAILED);
  status = check_mark (self, id, points, n_points);
  if (status != GUIDANCE_VISION_TAKEN)
    return status;
  for (const FramePtr &frame : self->frames)
    if (between (frame->time, time) <= GUIDANCE_VISION_TIME_OFF_US
        && (!drawn || between (frame->time, time) < between (drawn->time, time)))
      drawn = frame;
  if (!drawn)
    return time <= self->oldest ? GUIDANCE_VISION_TOO_OLD : GUIDANCE_VISION_NO_FRAME;
  return self->guarded ([&] {
    MarkPtr mark = mark_of (id, drawn->grey, points, n_points);
    mark->waits = drawn;
    self->marks.push_back (std::move (mark));
  })
             ? GUIDANCE_VISION_TAKEN
             : GUIDANCE_VISION_FAILED;
}

/* Where another mark has the same one, that. */
static FramePtr
kept_frame (GuidanceVision *self, const cv::Mat &picture)
{
  for (const MarkPtr &mark : self->marks)
    for (const View &view : mark->views)
      if (view.frame->time == KEPT_TIME && view.frame->grey.size () == picture.size ()
          && memcmp (view.frame->grey.data, picture.data, picture.total ()) == 0)
        return view.frame;
  return std::make_shared<Frame> (KEPT_TIME, picture);
}

GuidanceVisionStatus
guidance_vision_add_kept (GuidanceVision *self, guint64 id, const guint8 *grey, guint width,
                          guint height, gsize stride, const GuidancePoint *points, guint n_points)
{
  GuidanceVisionStatus status;

  g_return_val_if_fail (self != nullptr && grey != nullptr, GUIDANCE_VISION_FAILED);
  status = check_size (width, height, stride);
  if (status == GUIDANCE_VISION_TAKEN)
    status = check_mark (self, id, points, n_points);
  if (status != GUIDANCE_VISION_TAKEN)
    return status;
  return self->guarded ([&] {
    const cv::Mat picture = picture_of (grey, width, height, stride);
    MarkPtr mark = mark_of (id, picture, points, n_points);
    mark->kept = mark->first = true;
    mark->m = mark->base_m = mark->seen_m = Matx33d::eye ();
    mark->views.push_back (view_of (*mark, kept_frame (self, picture), Matx33d::eye ()));
    self->marks.push_back (std::move (mark));
  })
             ? GUIDANCE_VISION_TAKEN
             : GUIDANCE_VISION_FAILED;
}

static Mark *
find_mark (GuidanceVision *self, guint64 id)
{
  for (const MarkPtr &mark : self->marks)
    if (mark->id == id)
      return mark.get ();
  return nullptr;
}

gboolean
guidance_vision_add_seen (GuidanceVision *self, guint64 id, const guint8 *grey, guint width,
                          guint height, gsize stride, const double matrix[9], gint64 when)
{
  bool used = false;

  g_return_val_if_fail (self != nullptr && grey != nullptr && matrix != nullptr, FALSE);
  Mark *mark = find_mark (self, id);
  if (mark == nullptr || !mark->kept || mark->views.size () != 1 || mark->pool != nullptr
      || check_size (width, height, stride) != GUIDANCE_VISION_TAKEN
      || !std::all_of (matrix, matrix + 9, [] (double x) { return std::isfinite (x); }))
    return FALSE;
  if (!self->guarded ([&] {
        const cv::Mat picture = picture_of (grey, width, height, stride);
        Matx33d m = pixels_of (picture) * Matx33d (matrix) * mark->pixels.inv ();
        FramePtr frame = kept_frame (self, picture);
        if (judge (*mark, *frame, m, SEARCH) <= 0)
          return;
        mark->views.push_back (view_of (*mark, frame, m));
        mark->m = mark->base_m = m;
        mark->waits = frame;
        mark->kept_at = when;
        used = true;
      }))
    return FALSE;
  return used;
}

static void
copy_frame (const Frame &frame, guint8 *grey, guint *width, guint *height)
{
  *width = guint (frame.grey.cols);
  *height = guint (frame.grey.rows);
  memcpy (grey, frame.grey.data, frame.grey.total ());
}

gboolean
guidance_vision_copy_drawn (GuidanceVision *self, guint64 id, guint8 *grey, guint *width,
                            guint *height)
{
  g_return_val_if_fail (self != nullptr && grey != nullptr, FALSE);
  const Mark *mark = find_mark (self, id);
  if (mark == nullptr || (mark->views.empty () && !mark->waits))
    return FALSE;
  copy_frame (mark->views.empty () ? *mark->waits : *mark->views[0].frame, grey, width, height);
  return TRUE;
}

gboolean
guidance_vision_copy_seen (GuidanceVision *self, guint64 id, guint8 *grey, guint *width,
                           guint *height, double matrix[9])
{
  g_return_val_if_fail (self != nullptr && grey != nullptr && matrix != nullptr, FALSE);
  const Mark *mark = find_mark (self, id);
  if (mark == nullptr || !mark->shown || mark->good < 3 || mark->alike < ALIKE_CERTAIN)
    return FALSE;
  copy_frame (*self->pool.frame, grey, width, height);
  const Matx33d m = matrix_of (*mark, *self->pool.frame);
  std::copy (m.val, m.val + 9, matrix);
  return TRUE;
}

gboolean
guidance_vision_remove (GuidanceVision *self, guint64 id)
{
  g_return_val_if_fail (self != nullptr, FALSE);
  for (auto at = self->marks.begin (); at != self->marks.end (); at++)
    if ((*at)->id == id)
      {
        self->marks.erase (at);
        return TRUE;
      }
  return FALSE;
}

void
guidance_vision_clear (GuidanceVision *self)
{
  g_return_if_fail (self != nullptr);
  self->marks.clear ();
  self->frames.clear ();
  self->pool.stop ();
  self->behind.stop ();
  self->oldest = G_MININT64;
}

guint
guidance_vision_get (GuidanceVision *self, GuidanceVisionMark *marks, guint room)
{
  guint n = 0;

  g_return_val_if_fail (self != nullptr && (marks != nullptr || room == 0), 0);
  for (const MarkPtr &mark : self->marks)
    {
      if (n >= room)
        break;
      GuidanceVisionMark &out = marks[n++];
      out = {};
      out.id = mark->id;
      out.at = { NAN, NAN };
      if (!mark->shown)
        continue;
      const Matx33d m = matrix_of (*mark, *self->frames.back ());
      Point2f at = apply (pixels_of (self->frames.back ()->grey).inv (),
                          apply (mark->m, mark->drawn[0]));
      out.state = GUIDANCE_VISION_SHOWN;
      out.confidence = std::min (1.0, mark->alike);
      out.at = { at.x, at.y };
      std::copy (m.val, m.val + 9, out.matrix);
    }
  return n;
}

gboolean
guidance_vision_warp (const GuidanceVisionMark *mark, const GuidancePoint *drawn,
                      GuidancePoint *now)
{
  g_return_val_if_fail (mark != nullptr && drawn != nullptr && now != nullptr, FALSE);
  const double *m = mark->matrix;
  double w = m[6] * drawn->x + m[7] * drawn->y + m[8];

  if (mark->state != GUIDANCE_VISION_SHOWN || !(w > 1e-6))
    return FALSE;
  now->x = (m[0] * drawn->x + m[1] * drawn->y + m[2]) / w;
  now->y = (m[3] * drawn->x + m[4] * drawn->y + m[5]) / w;
  return std::isfinite (now->x) && std::isfinite (now->y);
}

gsize
guidance_vision_get_bytes (GuidanceVision *self)
{
  gsize bytes = 0;
  std::vector<const Frame *> seen;

  g_return_val_if_fail (self != nullptr, 0);
  for (const FramePtr &frame : self->frames)
    seen.push_back (frame.get ());
  for (const MarkPtr &mark : self->marks)
    for (const View &view : mark->views)
      seen.push_back (view.frame.get ());
  std::sort (seen.begin (), seen.end ());
  seen.erase (std::unique (seen.begin (), seen.end ()), seen.end ());
  for (const Frame *frame : seen)
    bytes += frame->bytes ();
  return bytes;
}

void
guidance_vision_set_failures (GuidanceVision *self, guint n)
{
  g_return_if_fail (self != nullptr);
  self->failures = n;
}
