/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks and frames of a picture, and what is done with them at each frame. */
#pragma once

#include "guidance-vision.h"

#include "guidance-mark.hpp"

#include <deque>

namespace guidance
{

constexpr float AROUND = 16;

/* Microseconds between any two times. */
inline guint64
between (gint64 a, gint64 b)
{
  return a > b ? guint64 (a) - guint64 (b) : guint64 (b) - guint64 (a);
}

} // namespace guidance

struct _GuidanceVision
{
  using Frame = guidance::Frame;
  using FramePtr = guidance::FramePtr;
  using Mark = guidance::Mark;
  using MarkPtr = guidance::MarkPtr;
  using Matx33d = guidance::Matx33d;
  using Point2f = guidance::Point2f;
  using Points = guidance::Points;
  using Pool = guidance::Pool;
  using View = guidance::View;

  std::deque<FramePtr> frames;
  std::vector<MarkPtr> marks;
  Pool pool;   /* at the newest frame */
  Pool behind; /* on its way from an older one */
  gint64 oldest = G_MININT64;
  size_t seek_next = 0, align_next = 0, view_next = 0;
  guint failures = 0;

  template <typename F>
  bool
  guarded (F work) noexcept
  {
    try
      {
        if (failures > 0)
          {
            failures--;
            CV_Error (cv::Error::StsError, "as asked for by a test");
          }
        work ();
        return true;
      }
    catch (...)
      {
        return false;
      }
  }

  /* Following: guidance-vision.cpp. */
  void lose (Mark &mark);
  /* The pool's points around the mark are what it is followed by from here. */
  void rebase (Mark &mark, Pool &by, const Matx33d &m);
  void update (Mark &mark);
  /* A picture of the mark as it looks now, where it looks unlike all that are kept. */
  void remember (Mark &mark);
  /* Some marks of each frame are held against their views by more than their own place. */
  void align_some ();
  Points places_in (const Pool &by);
  bool is_used (const Pool &by);
  /* Takes a pool's marks to its next frame. */
  void advance (Pool &by, const FramePtr &next);
  /* Begins with some of the marks that wait for the frame at which the pool behind is; it comes by
   * once more for the others. */
  void begin_marks ();
  /* The pool behind has come to the newest frame: its marks go on with the other one. */
  void join ();
  /* The frame for which marks wait longest. Returns: (nullable) */
  FramePtr first_waited ();
  /* The next frame of the pool behind: where it is far behind, not each, so that it gets there also
   * while frames come faster than there is time to look at them. */
  FramePtr next_behind ();
  void catch_up ();
  void go_on ();

  /* Looking for lost ones: guidance-seek.cpp. */
  /* Whether a mark is where a view says; then it is followed again, and shown with the next frame.
   */
  bool accept (Mark &mark, const View &view, const FramePtr &frame, Matx33d m);
  /* Whether nothing else on a view's own frame looks like it. */
  static bool is_unique (View &view);
  /* Looks for a mark by what it looked like, anywhere. Returns: whether it is found */
  bool find (Mark &mark, const FramePtr &frame);
  bool is_sought (const Mark &mark);
  /* Others that went out of sight with one that is found may have come back with it. */
  void find_others (const Mark &found, const Matx33d &then, gint64 seen_at);
  void seek_one (Mark &mark);
  /* Some of those that are sought before others. Returns: whether there was one */
  bool seek_first ();
  /* One mark a frame. */
  void seek ();
};
