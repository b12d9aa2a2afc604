/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for lost marks. */
#include "guidance-vision.hpp"

#include <algorithm>

using namespace guidance;

namespace
{

constexpr double ALIKE_FOUND = 0.75, ALIKE_ALONE = 0.85, ALIKE_OTHER = 0.65;
constexpr size_t VIEWS_TRIED = 3;
constexpr int OTHERS = 8, FIRST_TRIED = 3;
constexpr guint BAD_BEFORE_SEEK = 6, STEADY = 90;
/* So long a mark that was kept is sought before others. */
constexpr guint64 FIRST_US = G_USEC_PER_SEC;

} // namespace

bool
_GuidanceVision::accept (Mark &mark, const View &view, const FramePtr &frame, Matx33d m)
{
  /* While it is covered, and not for ever, what is around it says that it is nowhere else. */
  if (mark.pool == &pool && mark.steady && mark.bad < STEADY
      && cv::norm (apply (m, mark.places[0]) - apply (mark.m, mark.places[0])) > AROUND)
    return false;
  if (judge (mark, *frame, m, SEARCH + 2) < ALIKE_FOUND)
    return false;
  Around around = align (mark, view, *frame, m);
  /* It may have been drawn on a tool, which nobody here has seen move. */
  if (mark.kept && mark.seen_at == G_MININT64 && around != Around::AGREES)
    return false;
  if (around == Around::ELSEWHERE || around == Around::PARTLY
      || judge (mark, *frame, m, SEARCH) < (around == Around::AGREES ? ALIKE_FOUND : ALIKE_ALONE))
    return false;
  if (!is_used (pool))
    pool.start (frame);
  pool.refill ({ apply (m, mark.places[0]) }, true);
  rebase (mark, pool, m);
  mark.need = 2;
  mark.good = mark.bad = mark.disagreed = 0;
  mark.apart = mark.moved = {};
  return true;
}

bool
_GuidanceVision::is_unique (View &view)
{
  Matx33d self = Matx33d::eye ();

  if (!view.compared)
    {
      view.compared = true;
      view.unique = search (*view.frame, *view.frame, view.anchor, ALIKE_OTHER, self);
    }
  return view.unique;
}

bool
_GuidanceVision::find (Mark &mark, const FramePtr &frame)
{
  const Matx33d last = mark.m;

  for (size_t k = 0; k < std::min (VIEWS_TRIED, mark.views.size ()); k++)
    {
      View &view = mark.views[(mark.tries + k) % mark.views.size ()];
      Matx33d m;
      for (By by : { By::FRAME, By::NEAR })
        if ((by == By::FRAME || is_unique (view))
            && recognise (*view.frame, *frame, view.anchor, is_unique (view) ? by : By::MUCH, m)
            && accept (mark, view, frame, m * view.m))
          return true;
    }
  View &view = mark.views[nearest_views (mark, last)[0]];
  Matx33d m = last * view.m.inv ();
  return is_unique (view) && search (*view.frame, *frame, view.anchor, 0.8, m)
         && accept (mark, view, frame, m * view.m);
}

bool
_GuidanceVision::is_sought (const Mark &mark)
{
  return !mark.waits && mark.pool != &behind && !mark.views.empty ()
         && mark.views[0].patches[0].contrast > 0
         && (mark.pool == nullptr || mark.bad + mark.disagreed >= BAD_BEFORE_SEEK);
}

void
_GuidanceVision::find_others (const Mark &found, const Matx33d &then, gint64 seen_at)
{
  const Matx33d since = found.m * then.inv ();
  int left = OTHERS;

  for (MarkPtr &mark : marks)
    {
      if (left <= 0 || !is_sought (*mark))
        continue;
      bool seen = mark->seen_at > G_MININT64
                  && between (mark->seen_at, seen_at) < G_USEC_PER_SEC / 4;
      /* One that was never seen here is where the other one is that was drawn on that picture. */
      bool drawn = mark->kept && mark->seen_at == G_MININT64
                   && mark->views[0].frame == found.views[0].frame;
      if (!seen && !drawn)
        continue;
      Matx33d m = seen ? since * mark->seen_m : found.m;
      left--;
      if (Local (m, mark->places[0]).sane)
        accept (*mark, mark->views[nearest_views (*mark, m)[0]], frames.back (), m);
    }
}

void
_GuidanceVision::seek_one (Mark &mark)
{
  const Matx33d then = mark.seen_m;
  bool found = false;

  if (!guarded ([&] {
        found = find (mark, frames.back ());
        if (found)
          find_others (mark, then, mark.seen_at);
      }))
    lose (mark);
  mark.tries = found ? 0 : mark.tries + 1;
  mark.rest = mark.tries < 15 ? 1 : mark.tries < 60 ? 3 : 6;
}

bool
_GuidanceVision::seek_first ()
{
  const size_t first = seek_next;
  int left = FIRST_TRIED;

  for (size_t k = 0; k < marks.size (); k++)
    {
      const size_t i = (first + k) % marks.size ();
      Mark &mark = *marks[i];
      if (!mark.first)
        continue;
      if (mark.first_at == G_MININT64)
        mark.first_at = frames.back ()->time;
      if (between (frames.back ()->time, mark.first_at) > FIRST_US)
        mark.first = false;
      else if (left > 0 && is_sought (mark))
        {
          left--;
          seek_next = (i + 1) % marks.size ();
          seek_one (mark);
        }
    }
  return left < FIRST_TRIED;
}

void
_GuidanceVision::seek ()
{
  for (MarkPtr &mark : marks)
    mark->rest -= mark->rest > 0;
  if (seek_first ())
    return;
  for (size_t k = 0; k < marks.size (); k++)
    {
      const size_t i = (seek_next + k) % marks.size ();
      if (!is_sought (*marks[i]) || marks[i]->rest > 0)
        continue;
      seek_next = (i + 1) % marks.size ();
      seek_one (*marks[i]);
      return;
    }
}
