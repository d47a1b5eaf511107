# What `cmake --install` leaves. The installed tree may be moved: all that points within it is relative.
include(CMakePackageConfigHelpers)
file(RELATIVE_PATH bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)

# Libraries of modules, Spack or conda are found where the build found them.
set_target_properties(trainax_command trainax PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
set_property(TARGET trainax_command PROPERTY INSTALL_RPATH "\$ORIGIN/${bin_to_lib};${CMAKE_INSTALL_RPATH}")
install(TARGETS trainax_command RUNTIME)
install(TARGETS trainax trainax_inference trainax_plugin EXPORT trainax LIBRARY ARCHIVE)
install(DIRECTORY include/trainax TYPE INCLUDE)
install(DIRECTORY scripts/experiments scripts/studies scripts/plugin-template slurm DESTINATION ${CMAKE_INSTALL_DATADIR}/trainax)
install(PROGRAMS scripts/scaling_study scripts/plot.py scripts/report.py DESTINATION ${CMAKE_INSTALL_DATADIR}/trainax)
install(FILES scripts/pictures.py scripts/trainax_exchange.py DESTINATION ${CMAKE_INSTALL_DATADIR}/trainax)
install(FILES scripts/packages/modulefile DESTINATION ${CMAKE_INSTALL_DATADIR}/modulefiles/trainax RENAME ${PROJECT_VERSION})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/trainax)

# find_package(trainax) and trainax::trainax: the headers name no other library's, so the exported target is the whole package.
install(EXPORT trainax FILE trainaxConfig.cmake NAMESPACE trainax:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trainax)
write_basic_package_version_file(trainaxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/trainaxConfigVersion.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trainax)

# pkg-config trainax, trainax-inference, trainax-plugin: what is linked by the first finds the library without LD_LIBRARY_PATH.
function(tx_package name description libs)
  file(CONFIGURE OUTPUT ${name}.pc @ONLY CONTENT [[prefix=${pcfiledir}/@pc_to_prefix@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Libs: -L${libdir} @libs@
Cflags: -I${includedir}
]])
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
tx_package(trainax "Training of autoregressive neural emulators over MPI" "-Wl,-rpath,\${libdir} -ltrainax")
tx_package(trainax-inference "Networks that were exported as C, without MPI and HDF5" "-ltrainax-inference -lm")
tx_package(trainax-plugin "Headers of shared objects that trainax loads" "")
