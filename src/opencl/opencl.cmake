# The kernels' texts as one array of the program. Sets trainax_opencl_source.
set(text "")
set(parts call.h device/common.cl device/activate.cl device/pointwise.cl device/lane.cl device/norm.cl device/shape.cl
    device/convolution.cl device/spectral.cl device/sum.cl)
foreach(part ${parts})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${part})
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${part} bytes HEX)
  string(APPEND text ${bytes})
endforeach()
string(REGEX REPLACE "(..)" "0x\\1," text ${text})
set(trainax_opencl_source ${PROJECT_BINARY_DIR}/opencl_source.c)
file(CONFIGURE OUTPUT ${trainax_opencl_source} CONTENT "extern const unsigned char tx_opencl_source[];\nconst unsigned char tx_opencl_source[] = {${text}0};\n" @ONLY)
