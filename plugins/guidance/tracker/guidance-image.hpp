/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames, points that are followed through them, and how alike two places are. */
#pragma once

#include <glib.h>

#include <memory>
#include <vector>

#include <opencv2/calib3d.hpp>
#include <opencv2/features2d.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace guidance
{

using cv::Matx33d;
using cv::Point2f;
using Points = std::vector<Point2f>;

/* Pixels of a frame whose longer side is SIDE. */
constexpr int SIDE = 320;
constexpr int LK_WINDOW = 15, LK_LEVELS = 3;
constexpr double RANSAC_OFF = 1.5;
constexpr int DISTANCE = 7;
constexpr float NEAR = 70, FAR = 110, BESIDE = 32;
constexpr int SEARCH = 4;
/* Of the noise, after a blur of one pixel. */
constexpr double NOISE_LEFT = 0.28;
/* From here on a place looks as it did. */
constexpr double ALIKE = 0.72;

struct Frame
{
  gint64 time;
  cv::Mat grey;
  double noise = 0; /* the deviation of a pixel by itself */
  bool dim = false; /* most of what is there hardly stands out of the noise */
  cv::Mat half, quarter;
  bool described = false;
  std::vector<cv::KeyPoint> corners;
  cv::Mat descriptors;

  Frame (gint64 taken, const cv::Mat &picture);
  /* All but the picture itself; it is made again where it is needed. */
  void forget ();
  gsize bytes () const;
};
using FramePtr = std::shared_ptr<Frame>;

Point2f apply (const Matx33d &m, const Point2f &p);
Matx33d shift (double x, double y);
Matx33d stretch (double x, double y);

/* How a homography enlarges and turns what is around a point; not sane where it folds it over,
 * flattens it or has it behind the camera. */
struct Local
{
  bool sane = false;
  double scale = 1, angle = 0;

  Local (const Matx33d &m, const Point2f &p);
};

bool is_inside (const cv::Mat &grey, const Point2f &p, float margin);
/* Less noise, as far as there is any. */
cv::Mat calm (const cv::Mat &grey, double noise);
/* A picture without the light, each pixel by the mean and the contrast of those around it, in which
 * points are found and followed. Of a dim one it is half as large: a point is followed by all that
 * is within LK_WINDOW, and there so much more is needed to tell it from the noise. */
struct Flat
{
  bool dim = false;
  cv::Mat picture;
  std::vector<cv::Mat> pyramid;

  Flat () = default;
  Flat (const cv::Mat &grey, double noise, bool halved, int levels, bool slopes);
  /* Corners, the best first. @taken: where there are points already; @share: how good they are at
   * least, of the best one */
  Points corners (int most, double share, const Points &taken = {}) const;
};

/* Lucas-Kanade there and back, from where they would be by @jump. @from, @to: both dim or neither.
 * Returns: for each point whether it came back to where it was */
std::vector<bool> follow (const Flat &from, const Flat &to, const Points &points, Points &now,
                          int levels, const Point2f &jump = {});

struct Track
{
  guint64 id;
  Point2f at;
  /* Lately, in pixels: how far it moved otherwise than the frame as a whole, and how far that
   * did. */
  Point2f apart, moved;
  /* Frames for which it is still taken for something that lies before the scene, as a tool. */
  int foreign = 0;

  Track (guint64 number, const Point2f &place) : id (number), at (place)
  {
  }
};

/* Points of a frame, followed to the next ones. */
class Pool
{
public:
  FramePtr frame;
  std::vector<Track> tracks;
  Matx33d whole = Matx33d::eye (); /* how most of the frame moved, from the one before */

  void start (const FramePtr &first);
  void stop ();
  void step (const FramePtr &next);
  /* Adds points where there are few: some everywhere, more around marks. Not with each frame,
   * unless @at_once. */
  void refill (const Points &marks, bool at_once);

private:
  Point2f jump_to (const Flat &next);
  void move (const Points &before);
  void part ();

  Flat flat;
  guint age = 0;
  guint64 last_id = 1;
};

/* The picture around a place, blurred, and which of it is within the frame. */
struct Patch
{
  Point2f centre;
  int radius = 0;
  double blur = 1.5;
  std::vector<float> grey, raw; /* without slopes of the light, and with them */
  std::vector<uchar> valid;
  double contrast = 0; /* 0: nothing that could be known again */

  Patch () = default;
  Patch (Frame &frame, const Point2f &at);
};

struct Judged
{
  double alike = 0;
  Point2f off;
};

/* How much what is now at the patch's place is alike, and how far off it is, in the patch's pixels.
 * @m: from the patch's frame to this one; @search: how far it may be off; @parts: whether something
 * may lie on it */
Judged judge_patch (const Patch &patch, Frame &frame, const Matx33d &m, int search, bool parts);

/* A homography of pairs of points, where most of them agree and some are near @anchor.
 * Returns: the share of those that agree, 0 where there is none */
double estimate_wide (const Points &from, const Points &to, const Point2f &anchor, Matx33d &m);
/* By those alone that are closest: what is around may lie deeper, or bend. @from: the closest
 * first */
bool estimate_beside (const Points &from, const Points &to, const Point2f &anchor, Matx33d &m);

enum class By
{
  MUCH,  /* by much of the frame: enough for what is to be seen there more than once */
  FRAME, /* by whatever is in the frame */
  NEAR   /* by what is around the place only */
};

/* From one frame to another one, by descriptors alone. */
bool recognise (Frame &from, Frame &to, const Point2f &anchor, By by, Matx33d &m);

/* The same by the picture around @anchor, where it is turned and as large as @m says: mends @m.
 * @other_most: how alike another place may be, as part of how alike this one is */
bool search (Frame &from, Frame &to, const Point2f &anchor, double other_most, Matx33d &m);

} // namespace guidance
