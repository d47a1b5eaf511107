"""Spack's recipe, for a clone: from its top,

    spack repo add scripts/packages/spack
    spack dev-build trainax@0.1.0
    spack load trainax
"""

try:  # Spack 1.0 and later
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:
    from spack.build_systems.cmake import CMakePackage

from spack.package import *


class Trainax(CMakePackage):
    """Trains autoregressive neural emulators over MPI: the same bits on any number of ranks and threads."""

    license("MIT")

    version("0.1.0")

    variant("portable", default=False, description="For any machine: no instruction sets chosen at run time")
    variant("scalapack", default=True, description="Second-order optimizers and linear baselines")

    depends_on("c", type="build")
    depends_on("cmake@3.21:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("openmpi")
    depends_on("hdf5@1.10.3: +mpi")
    depends_on("fftw@3: precision=float,double")
    depends_on("libdeflate")
    depends_on("libfyaml")
    depends_on("liblzf cflags='-fPIC'")  # static, and becomes part of a shared library
    depends_on("openssl")
    depends_on("netlib-scalapack", when="+scalapack")
    depends_on("lapack", when="+scalapack")

    conflicts("%gcc@:10")
    conflicts("%clang@:13")

    def cmake_args(self):
        return [
            self.define_from_variant("TRAINAX_PORTABLE", "portable"),
            self.define_from_variant("TRAINAX_SCALAPACK", "scalapack"),
            self.define("BUILD_TESTING", self.run_tests),
        ]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def runs(self):
        Executable(self.prefix.bin.trainax)("--version")
