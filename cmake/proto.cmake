# cdc/*.proto → generated/cdc/x.pb.{h,cc}, included as "cdc/x.pb.h". Works with no file at all.

file(GLOB proto_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cdc/*.proto)
if(NOT proto_files)
  return()
endif()

set(proto_out ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${proto_out}/cdc)
set(proto_sources)
foreach(proto IN LISTS proto_files)
  get_filename_component(name ${proto} NAME_WE)
  set(outputs ${proto_out}/cdc/${name}.pb.cc ${proto_out}/cdc/${name}.pb.h)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND protobuf::protoc --cpp_out=${proto_out} --proto_path=${CMAKE_SOURCE_DIR} ${proto}
    DEPENDS ${proto}
    COMMENT "protoc cdc/${name}.proto"
    VERBATIM)
  list(APPEND proto_sources ${outputs})
endforeach()

# A target of its own: the generated code is not held to our warnings.
add_library(tideway_proto STATIC ${proto_sources})
target_include_directories(tideway_proto SYSTEM PUBLIC ${proto_out})
target_compile_options(tideway_proto PRIVATE -w)
target_link_libraries(tideway_proto PUBLIC tideway_protobuf)
if(TIDEWAY_SANITIZE)
  target_compile_options(tideway_proto PRIVATE -fsanitize=${TIDEWAY_SANITIZE})
endif()
set_target_properties(tideway_proto PROPERTIES CXX_CLANG_TIDY "")
target_link_libraries(tideway_core PUBLIC tideway_proto)
