// What every test needs, compiled once.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmake/std_pch.h"
