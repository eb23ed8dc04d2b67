# One GoogleTest executable for each of tests/backend, tests/cdc, tests/resp, made of every .cc
# below it and of tests/support/. Each runs as a few shards, in parallel.

find_package(GTest REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)

set(TIDEWAY_TEST_SHARDS 4)

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.cc)
foreach(folder backend cdc resp)
  file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(NOT test_sources)
    continue()
  endif()
  set(target ${folder}_tests)
  add_executable(${target} ${test_sources} ${support_sources})
  target_link_libraries(${target} PRIVATE
    tideway_core tideway_program GTest::gmock GTest::gtest_main PkgConfig::hiredis)
  tideway_precompile(${target} cmake/test_pch.h)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

  math(EXPR last "${TIDEWAY_TEST_SHARDS} - 1")
  foreach(shard RANGE ${last})
    # CMAKE_CROSSCOMPILING_EMULATOR, if a preset sets it, is what starts the tests.
    add_test(NAME ${folder}.${shard} COMMAND ${target} --gtest_brief=1
      --gtest_output=xml:${CMAKE_BINARY_DIR}/tests/${folder}.${shard}.xml)
    set_tests_properties(${folder}.${shard} PROPERTIES
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${TIDEWAY_TEST_SHARDS};GTEST_SHARD_INDEX=${shard}"
      TIMEOUT 600)
  endforeach()
endforeach()
