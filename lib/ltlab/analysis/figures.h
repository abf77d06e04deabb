#pragma once

#include <string_view>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/base/names.h"

namespace ltlab {

/// A figure of a network that comparisons and claims are about.
enum class Figure {
  test_accuracy,
  validation_accuracy,
  early_stop_test_accuracy,
  test_loss,
  validation_loss,
  early_stop_test_loss,
  early_stop_step,
  flops,
  relative_flops
};

/// The unit in which a figure is told: fractions in percent, and their differences in points.
enum class FigureUnit { fraction, nats, steps, flops, ratio };

/// The properties of a figure.
struct FigureKind {
  Figure value;
  std::string_view name;
  FigureUnit unit;
  double VariantNetwork::*member;
  bool higher_is_better = false;
};

inline constexpr FigureKind kFigures[] = {
    {Figure::test_accuracy, "test-accuracy", FigureUnit::fraction, &VariantNetwork::test_accuracy, true},
    {Figure::validation_accuracy, "validation-accuracy", FigureUnit::fraction,
     &VariantNetwork::validation_accuracy, true},
    {Figure::early_stop_test_accuracy, "early-stop-test-accuracy", FigureUnit::fraction,
     &VariantNetwork::early_stop_test_accuracy, true},
    {Figure::test_loss, "test-loss", FigureUnit::nats, &VariantNetwork::test_loss},
    {Figure::validation_loss, "validation-loss", FigureUnit::nats, &VariantNetwork::validation_loss},
    {Figure::early_stop_test_loss, "early-stop-test-loss", FigureUnit::nats,
     &VariantNetwork::early_stop_test_loss},
    {Figure::early_stop_step, "early-stop-step", FigureUnit::steps, &VariantNetwork::early_stop_step},
    {Figure::flops, "flops", FigureUnit::flops, &VariantNetwork::flops},
    {Figure::relative_flops, "relative-flops", FigureUnit::ratio, &VariantNetwork::relative_flops},
};

/// The names of kFigures.
inline const NameTable<Figure>& figure_names() {
  static const NameTable<Figure> table("figure", kFigures);
  return table;
}

}  // namespace ltlab
