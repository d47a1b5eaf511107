# The kernels of src/kernel/vector, compiled for each precision and instruction set. Sets trainax_kernel_variants, the list of
# object libraries that hold them.
set(trainax_kernel_variants "")
# Under the sanitizers every load is checked: unrolled kernels then take minutes to compile.
set(trainax_kernel_optimisation -O3)
if(TRAINAX_SANITIZE)
  set(trainax_kernel_optimisation -O1)
endif()
file(GLOB trainax_kernel_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernel/vector/*.c)

# tx_kernel_variant(NAME ISA BYTES FLAG...): BYTES is the length of a vector.
function(tx_kernel_variant name isa bytes)
  foreach(precision 32 64)
    set(target tx_kernel_${name}_f${precision})
    add_library(${target} OBJECT ${trainax_kernel_sources})
    target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/rooms/kernel)
    target_link_libraries(${target} PRIVATE trainax_flags PkgConfig::FFTW PkgConfig::FFTWF)
    target_compile_definitions(${target} PRIVATE TX_VARIANT=${name}_f${precision} TX_ISA="${isa}" TX_VECTOR_BYTES=${bytes}
                               TX_REAL_BITS=${precision})
    # Optimised in debug builds too: without inlining and unrolling these sources are no kernels.
    target_compile_options(${target} PRIVATE ${trainax_kernel_optimisation} ${ARGN} $<$<C_COMPILER_ID:GNU>:-fira-loop-pressure>)
    set(trainax_kernel_variants ${trainax_kernel_variants} ${target})
  endforeach()
  set(trainax_kernel_variants ${trainax_kernel_variants} PARENT_SCOPE)
endfunction()

tx_kernel_variant(portable portable 16)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64" AND NOT TRAINAX_PORTABLE)
  tx_kernel_variant(v3 x86-64-v3 32 -march=x86-64-v3)
  tx_kernel_variant(v4 x86-64-v4 64 -march=x86-64-v4)
  target_compile_definitions(tx_kernel PRIVATE TX_KERNEL_LEVELS=1)
endif()
