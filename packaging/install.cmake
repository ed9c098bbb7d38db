# What `cmake --install` installs: the library of the production body, its public headers, the CMake
# package `engram`, engram.pc, and the command `engram`. Nothing of the simulated body.
#
# The headers keep their places below include/engram, which is the include root of a consumer:
# #include "api/memory_store.h". Each public header includes public headers only; the test
# package.embed compiles against what was installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ENGRAM_PUBLIC_HEADERS
  base/body.h base/units.h io/file_system.h io/posix_file_system.h)
file(GLOB api_headers CONFIGURE_DEPENDS
  RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/api/*.h)
foreach(header IN LISTS ENGRAM_PUBLIC_HEADERS api_headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${CMAKE_SOURCE_DIR}/src/${header}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/engram/${folder})
endforeach()

target_compile_features(engram INTERFACE cxx_std_20)
target_include_directories(engram INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/engram>)
# As for Engram itself: Debian's Abseil is built by g++.
set(clang_18 "$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,18>")
set(clang_18 "$<AND:$<CXX_COMPILER_ID:Clang>,${clang_18}>")
target_compile_options(engram INTERFACE
  "$<INSTALL_INTERFACE:$<${clang_18}:-fclang-abi-compat=17>>")

install(TARGETS engram EXPORT engram-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS engram-command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/engram)
install(EXPORT engram-targets NAMESPACE engram:: DESTINATION ${package_directory})
configure_package_config_file(packaging/engram-config.cmake.in
  ${CMAKE_BINARY_DIR}/engram-config.cmake INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/engram-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/engram-config.cmake
  ${CMAKE_BINARY_DIR}/engram-config-version.cmake DESTINATION ${package_directory})

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE ENGRAM_PREFIX_FROM_PC)
configure_file(packaging/engram.pc.in ${CMAKE_BINARY_DIR}/engram.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/engram.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
