#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "ltlab/analysis/statistics.h"
#include "ltlab/nn/hessian_product.h"

namespace ltlab {

/// The precision with which sharpness is measured.
struct SharpnessOptions {
  std::size_t eigenvalues = 1;  ///< how many of the largest
  double tolerance = 1e-2;      ///< of an eigenvalue's residual |H v - lambda v|, over |lambda|; its own
                                ///< error is about the square of that
  std::size_t probes = 10;      ///< random vectors for the trace's estimate, at least 2
};

/// Curvature of the training loss at a network's survivors.
struct Sharpness {
  std::vector<double> largest;  ///< the Hessian's algebraically largest eigenvalues, descending
  double least = 0;             ///< its least, negative where some direction curves down
  SampleStatistics trace;       ///< over the probes
  std::size_t products = 0;     ///< Hessian products that it took
};

/// Measures eigenvalues by the implicitly restarted Lanczos method with Hessian products (as Yao et al. 2020,
/// "PyHessian", arXiv 1912.07145, sections 3.1 and 3.2, by power iteration), and the trace by Hutchinson's
/// estimate, the mean of z^T H z over vectors z of random signs, named by the purpose "trace". The loss, and
/// so H, is that of Hessian: of training, over the survivors of every parameter. ConfigError where there are
/// too few survivors for so many eigenvalues or too few probes; NumericError where Lanczos does not converge;
/// Interrupted when `stop` is requested.
Sharpness sharpness(Network<double>& network, std::span<const LabelledBatch<double>> batches,
                    const SharpnessOptions& options, std::stop_token stop = {});

}  // namespace ltlab
