#pragma once

#include <cstdint>

namespace ltlab {

/// One row of a level's metrics table, written at every validation.
struct MetricsRow {
  std::uint64_t step;    ///< optimizer steps done
  double learning_rate;  ///< of the last of them; 0 before the first
  double train_loss;     ///< mean cross-entropy (nats) of the training images since the row before; NaN in a
                         ///< row before the first step
  double validation_loss;      ///< mean cross-entropy (nats) over the validation set
  double validation_accuracy;  ///< fraction in [0, 1]
  double wall_seconds;         ///< spent on this level so far, over all sessions; the only column that is not
                               ///< reproducible
};

}  // namespace ltlab
