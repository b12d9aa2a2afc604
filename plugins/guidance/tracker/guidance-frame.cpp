/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames, how noisy and how dim they are, and the pictures in which their points are followed. */
#include "guidance-image.hpp"

#include <algorithm>
#include <cmath>

namespace guidance
{

constexpr float LK_BACK = 0.7f;
/* So much noise, and so little beside it (squared), that small points are followed by noise. */
constexpr double DIM_NOISE = 2.5, DIM = 8;

/* Immerkær's mask, by its median: what the neighbours do not explain. */
static double
noise_of (const cv::Mat &grey)
{
  const cv::Matx33f mask (1, -2, 1, -2, 4, -2, 1, -2, 1);
  cv::Mat rest;
  std::vector<short> sizes;

  cv::filter2D (grey, rest, CV_16S, mask);
  for (int y = 1; y < rest.rows - 1; y += 2)
    for (int x = 1; x < rest.cols - 1; x += 2)
      sizes.push_back (short (std::abs (rest.at<short> (y, x))));
  std::nth_element (sizes.begin (), sizes.begin () + long (sizes.size () / 2), sizes.end ());
  return sizes[sizes.size () / 2] / 0.6745 / 6;
}

/* How much a picture is blurred for its noise. */
static double
calm_by (double noise)
{
  return std::min (1.6, 0.4 * noise);
}

cv::Mat
calm (const cv::Mat &grey, double noise)
{
  cv::Mat out;

  if (noise < 1.5)
    return grey;
  cv::GaussianBlur (grey, out, cv::Size (7, 7), calm_by (noise));
  return out;
}

/* Whether what is around most pixels differs little more than noise does. */
static bool
is_dim (const cv::Mat &grey, double noise)
{
  const cv::Size around (17, 17);
  cv::Mat f, mean, square;
  std::vector<float> spreads;

  if (noise < DIM_NOISE || std::min (grey.cols, grey.rows) < 4 * LK_WINDOW)
    return false;
  calm (grey, noise).convertTo (f, CV_32F);
  cv::boxFilter (f, mean, -1, around);
  cv::sqrBoxFilter (f, square, CV_32F, around);
  square -= mean.mul (mean);
  for (int y = 0; y < square.rows; y += 4)
    for (int x = 0; x < square.cols; x += 4)
      spreads.push_back (square.at<float> (y, x));
  std::nth_element (spreads.begin (), spreads.begin () + long (spreads.size () / 2),
                    spreads.end ());
  const double left = NOISE_LEFT / calm_by (noise) * noise;
  return spreads[spreads.size () / 2] < DIM * left * left;
}

Frame::Frame (gint64 taken, const cv::Mat &picture)
    : time (taken), grey (picture), noise (noise_of (picture)), dim (is_dim (picture, noise))
{
}

void
Frame::forget ()
{
  half.release ();
  quarter.release ();
  descriptors.release ();
  corners = std::vector<cv::KeyPoint> ();
  described = false;
}

gsize
Frame::bytes () const
{
  return grey.total () + half.total () + quarter.total () + descriptors.total ()
         + corners.size () * sizeof (cv::KeyPoint);
}

/* Where a point of the frame is in a picture half as large, by the middles of pixels. */
static Point2f
halve (const Point2f &p)
{
  return { p.x / 2 - 0.25f, p.y / 2 - 0.25f };
}

static Point2f
twice (const Point2f &p)
{
  return { 2 * p.x + 0.5f, 2 * p.y + 0.5f };
}

Flat::Flat (const cv::Mat &grey, double noise, bool halved, int levels, bool slopes) : dim (halved)
{
  cv::Mat f, mean, square;
  const cv::Size around = dim ? cv::Size (15, 15) : cv::Size (17, 17);

  calm (grey, noise).convertTo (f, CV_32F);
  if (dim)
    cv::resize (f, f, cv::Size (), 0.5, 0.5, cv::INTER_AREA);
  cv::boxFilter (f, mean, -1, around);
  cv::sqrBoxFilter (f, square, CV_32F, around);
  f -= mean;
  square -= mean.mul (mean);
  cv::max (square, 0, square);
  cv::sqrt (square, square);
  square += 6;
  cv::divide (f, square, f, 48);
  f.convertTo (picture, CV_8U, 1, 128);
  cv::buildOpticalFlowPyramid (picture, pyramid, cv::Size (LK_WINDOW, LK_WINDOW), levels, slopes);
}

Points
Flat::corners (int most, double share, const Points &taken) const
{
  const int apart = dim ? (DISTANCE + 1) / 2 : DISTANCE;
  cv::Mat mask (picture.size (), CV_8U, cv::Scalar (255));
  Points found;

  for (const Point2f &p : taken)
    cv::circle (mask, dim ? halve (p) : p, apart, cv::Scalar (0), -1);
  cv::goodFeaturesToTrack (picture, found, most, share, apart, mask);
  if (dim)
    for (Point2f &p : found)
      p = twice (p);
  return found;
}

std::vector<bool>
follow (const Flat &from, const Flat &to, const Points &points, Points &now, int levels,
        const Point2f &jump)
{
  const cv::TermCriteria enough (cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 20, 0.03);
  const cv::Size window (LK_WINDOW, LK_WINDOW);
  std::vector<uchar> there, again;
  std::vector<float> error;
  Points asked, back;
  std::vector<bool> good (points.size ());

  now.clear ();
  if (points.empty ())
    return good;
  const int flags = jump == Point2f () ? 0 : cv::OPTFLOW_USE_INITIAL_FLOW;
  const Point2f far = from.dim ? jump / 2 : jump;
  for (const Point2f &p : points)
    {
      asked.push_back (from.dim ? halve (p) : p);
      now.push_back (asked.back () + far);
    }
  cv::calcOpticalFlowPyrLK (from.pyramid, to.pyramid, asked, now, there, error, window, levels,
                            enough, flags);
  for (const Point2f &p : now)
    back.push_back (p - far);
  cv::calcOpticalFlowPyrLK (to.pyramid, from.pyramid, now, back, again, error, window, levels,
                            enough, flags);
  for (size_t i = 0; i < points.size (); i++)
    {
      good[i] = there[i] != 0 && again[i] != 0
                && cv::norm (asked[i] - back[i]) < (from.dim ? LK_BACK / 2 : LK_BACK)
                && is_inside (to.picture, now[i], 1);
      if (from.dim)
        now[i] = twice (now[i]);
    }
  return good;
}

} // namespace guidance
