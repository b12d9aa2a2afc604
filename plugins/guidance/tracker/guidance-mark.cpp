/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mark, how it looked, and whether that is what is there now. */
#include "guidance-mark.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace guidance
{

constexpr size_t PLACES = 3;
constexpr int WINDOW = 48;

View
view_of (const Mark &mark, const FramePtr &frame, const Matx33d &m)
{
  View view;
  const cv::Mat &grey = frame->grey;

  view.frame = frame;
  view.m = m;
  view.anchor = apply (m, mark.places[0]);
  for (const Point2f &place : mark.places)
    {
      Point2f at = apply (m, place);
      if (is_inside (grey, at, 0))
        view.patches.push_back (Patch (*frame, at));
      else
        view.patches.push_back (Patch ());
    }
  view.window = cv::Rect (int (view.anchor.x) - WINDOW, int (view.anchor.y) - WINDOW,
                          2 * WINDOW + 1, 2 * WINDOW + 1)
                & cv::Rect (0, 0, grey.cols, grey.rows);
  if (view.window.width > 2 * LK_WINDOW && view.window.height > 2 * LK_WINDOW)
    {
      view.flat = Flat (grey (view.window), frame->noise, frame->dim, 1, false);
      view.points = view.flat.corners (40, 0.005);
    }
  return view;
}

std::vector<size_t>
nearest_views (const Mark &mark, const Matx33d &m)
{
  std::vector<std::pair<double, size_t> > order;
  std::vector<size_t> found;
  Local now (m, mark.places[0]);

  for (size_t i = 0; i < mark.views.size (); i++)
    {
      Local then (mark.views[i].m, mark.places[0]);
      double turn = std::remainder (now.angle - then.angle, 2 * CV_PI);
      order.push_back ({ std::abs (std::log (now.scale / then.scale)) + std::abs (turn), i });
    }
  std::stable_sort (order.begin (), order.end (),
                    [] (const auto &a, const auto &b) { return a.first < b.first; });
  for (size_t i = 0; i < order.size () && i < 2; i++)
    found.push_back (order[i].second);
  return found;
}

/* Whether the mark's places are what they were, on one view; mends @m by what they are off. All
 * must be, but for one of three: something may lie on it. */
static double
judge_view (const Mark &mark, const View &view, Frame &frame, Matx33d &m, int search, bool parts)
{
  Matx33d to = m * view.m.inv ();
  std::vector<Judged> passed;
  size_t seen = 0;

  for (const Patch &patch : view.patches)
    if (patch.contrast > 0 && is_inside (frame.grey, apply (to, patch.centre), 0))
      {
        Judged judged = judge_patch (patch, frame, to, search, parts);
        seen++;
        if (judged.alike >= ALIKE)
          passed.push_back (judged);
      }
  if (passed.empty () || passed.size () + (mark.places.size () >= PLACES ? 1 : 0) < seen)
    return 0;
  double alike = 0;
  Point2f off;
  for (const Judged &judged : passed)
    {
      if (cv::norm (judged.off - passed[0].off) > 4)
        return 0;
      alike += judged.alike / double (passed.size ());
      off += judged.off / float (passed.size ());
    }
  m = to * shift (off.x, off.y) * view.m;
  return alike;
}

double
judge (const Mark &mark, Frame &frame, Matx33d &m, int search, bool parts)
{
  if (!Local (m, mark.places[0]).sane || !is_inside (frame.grey, apply (m, mark.places[0]), 0))
    return 0;
  for (size_t i : nearest_views (mark, m))
    {
      Matx33d mended = m;
      double alike = judge_view (mark, mark.views[i], frame, mended, search, parts);
      if (alike > 0)
        {
          m = mended;
          return alike;
        }
    }
  return 0;
}

Around
align (const Mark &mark, const View &view, const Frame &frame, Matx33d &m)
{
  Matx33d to = m * view.m.inv () * shift (view.window.x, view.window.y);
  Points asked, now, from, there;
  cv::Mat seen, agree;

  for (const Point2f &p : view.points)
    if (is_inside (frame.grey, apply (to, p), 8))
      asked.push_back (p);
  if (view.points.size () < 8)
    return Around::UNKNOWN;
  if (asked.size () < 8 || 2 * asked.size () < view.points.size ())
    return Around::PARTLY;
  cv::warpPerspective (frame.grey, seen, to, view.window.size (),
                       cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
  const bool dim = view.flat.dim || frame.dim;
  const Flat was = dim == view.flat.dim
                       ? view.flat
                       : Flat (view.frame->grey (view.window), view.frame->noise, dim, 1, false);
  std::vector<bool> good = follow (was, Flat (seen, frame.noise, dim, 1, false), asked, now, 1);
  size_t followed = 0;
  for (size_t i = 0; i < asked.size (); i++)
    {
      followed += good[i];
      if (!good[i] || cv::norm (now[i] - asked[i]) >= 6)
        continue;
      from.push_back (asked[i]);
      there.push_back (now[i]);
    }
  if (followed < 8)
    return Around::UNKNOWN;
  if (5 * from.size () < followed)
    return Around::ELSEWHERE;
  if (from.size () < 8)
    return Around::PARTLY;
  cv::Mat a = cv::estimateAffine2D (from, there, agree, cv::RANSAC, RANSAC_OFF, 200, 0.99);
  size_t n = agree.empty () ? 0 : size_t (cv::countNonZero (agree));
  if (!a.empty () && n >= 8 && 2 * n >= followed && 3 * n >= asked.size ())
    {
      Matx33d mend (a.at<double> (0, 0), a.at<double> (0, 1), a.at<double> (0, 2),
                    a.at<double> (1, 0), a.at<double> (1, 1), a.at<double> (1, 2), 0, 0, 1);
      Matx33d mended = to * mend * shift (-view.window.x, -view.window.y) * view.m;
      if (Local (mended, mark.places[0]).sane)
        {
          m = mended;
          return Around::AGREES;
        }
    }
  return Around::PARTLY;
}

Points
places_of (const Points &drawn)
{
  Points places = { drawn[0] };

  while (places.size () < PLACES)
    {
      double farthest = 0;
      Point2f next;
      for (const Point2f &p : drawn)
        {
          double nearest = std::numeric_limits<double>::max ();
          for (const Point2f &place : places)
            nearest = std::min (nearest, cv::norm (p - place));
          if (nearest > farthest)
            {
              farthest = nearest;
              next = p;
            }
        }
      if (farthest < 20)
        break;
      places.push_back (next);
    }
  return places;
}

} // namespace guidance
