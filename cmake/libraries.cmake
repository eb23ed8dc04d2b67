# Debian's libraries. Which folder may include which of them is checked by tests/style/check.py.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)

add_library(tideway_libraries INTERFACE)
target_link_libraries(tideway_libraries INTERFACE
  Boost::headers RocksDB::rocksdb-shared spdlog::spdlog fmt::fmt CLI11::CLI11
  nlohmann_json::nlohmann_json PkgConfig::xxhash OpenSSL::SSL OpenSSL::Crypto
  protobuf::libprotobuf Threads::Threads)
target_compile_definitions(tideway_libraries INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

if(TIDEWAY_JEMALLOC)
  # The archive: calls to malloc inside the server then need no jump through a table.
  find_library(TIDEWAY_JEMALLOC_LIBRARY NAMES libjemalloc.a jemalloc REQUIRED)
  add_library(tideway_jemalloc INTERFACE)
  target_link_libraries(tideway_jemalloc INTERFACE ${TIDEWAY_JEMALLOC_LIBRARY} ${CMAKE_DL_LIBS})
endif()
