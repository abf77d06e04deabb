#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/prune/mask.h"
#include "ltlab/store/records.h"
#include "ltlab/store/run_store.h"

namespace ltlab::test {

/// Small made-up records that fit each other: a network 6-4-2 with biases.
RunRecord sample_run(const std::string& branch = "ticket", std::uint64_t seed = 1);

/// Masks that keep (inputs x outputs) >> level weights of each layer; a level's lie within those of the one
/// before.
std::vector<Mask> sample_masks(unsigned level);

/// A level as training with these masks might have left it.
LevelRecord sample_level(unsigned level);
LevelRecord sample_level(unsigned level, std::vector<Mask> masks);

TrainingCheckpoint sample_checkpoint(unsigned level);

/// A collection of two replicates; each is a ticket with levels 0 to 2 and has both controls at levels 1
/// and 2.
void write_sample_collection(const std::filesystem::path& folder);

}  // namespace ltlab::test
