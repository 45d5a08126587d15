// cxxopts, as all of this program includes it.
#pragma once

// Parameters of policies have commas.
#define CXXOPTS_VECTOR_DELIMITER ' '
#include <cxxopts.hpp>
