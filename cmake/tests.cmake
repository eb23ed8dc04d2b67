# The test programs, all in <build>/tests/:
#
#   backend_tests, cdc_tests, resp_tests   GoogleTest, every .cc below tests/<folder>/
#   suites_tests                           GoogleTest, every *_test.cc of the suites themselves
#   <suite>                                a whole-server suite: the .cc of tests/<suite>/, if there
#                                          is a main.cc; tests/<suite>/run.sh starts it
#
# tests/support/ is linked into the former (fixtures in the process), tests/harness/ into the latter
# (a server beside it). GoogleTest programs run as a few shards, in parallel.

find_package(GTest REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)

set(TIDEWAY_TEST_SHARDS 4)
set(test_output ${CMAKE_BINARY_DIR}/tests)

# tideway_add_gtest(target sources…)
function(tideway_add_gtest target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE
    tideway_core tideway_program GTest::gmock GTest::gtest_main PkgConfig::hiredis)
  tideway_precompile(${target} cmake/test_pch.h)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${test_output})
  math(EXPR last "${TIDEWAY_TEST_SHARDS} - 1")
  foreach(shard RANGE ${last})
    # CMAKE_CROSSCOMPILING_EMULATOR, if a preset sets it, is what starts the tests.
    add_test(NAME ${target}.${shard} COMMAND ${target} --gtest_brief=1
      --gtest_output=xml:${test_output}/${target}.${shard}.xml)
    set_tests_properties(${target}.${shard} PROPERTIES TIMEOUT 600
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${TIDEWAY_TEST_SHARDS};GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.cc)
# RESP as a client reads it, independent of the server's own code.
list(APPEND support_sources ${CMAKE_SOURCE_DIR}/tests/harness/resp_value.cc)
foreach(folder backend cdc resp)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc)
  if(sources)
    tideway_add_gtest(${folder}_tests ${sources} ${support_sources})
  endif()
endforeach()

# tideway_suite_sources(folder out): the folder's .cc but its tests and main.cc.
function(tideway_suite_sources folder out)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

tideway_suite_sources(${CMAKE_SOURCE_DIR}/tests/harness harness_sources)
file(GLOB suites_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/harness/*_test.cc)
list(APPEND suites_sources ${harness_sources})
if(harness_sources)
  add_library(tideway_harness STATIC ${harness_sources})
  target_link_libraries(tideway_harness PUBLIC tideway_core PkgConfig::hiredis)
  tideway_precompile(tideway_harness cmake/std_pch.h)
endif()
file(GLOB suite_mains CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/main.cc)
foreach(main IN LISTS suite_mains)
  get_filename_component(folder ${main} DIRECTORY)
  get_filename_component(suite ${folder} NAME)
  tideway_suite_sources(${folder} sources)
  add_executable(${suite} ${main} ${sources})
  target_link_libraries(${suite} PRIVATE tideway_core tideway_program PkgConfig::hiredis)
  if(harness_sources)
    target_link_libraries(${suite} PRIVATE tideway_harness)
  endif()
  tideway_precompile(${suite} cmake/std_pch.h)
  set_target_properties(${suite} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${test_output})
  file(GLOB_RECURSE suite_tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  if(suite_tests)
    list(APPEND suites_sources ${suite_tests} ${sources})
  endif()
endforeach()
if("${suites_sources}" MATCHES "_test\\.cc")
  tideway_add_gtest(suites_tests ${suites_sources})
endif()
