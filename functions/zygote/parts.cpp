#include "functions/zygote/parts.hpp"

#define PETREL_BYTES(name, file)                                               \
  asm(".pushsection .rodata\n"                                                 \
      ".balign 16\n"                                                           \
      ".global petrel_" name "_begin\n"                                        \
      ".global petrel_" name "_end\n"                                          \
      "petrel_" name "_begin:\n"                                               \
      ".incbin \"" file "\"\n"                                                 \
      "petrel_" name "_end:\n"                                                 \
      ".byte 0\n"                                                              \
      ".popsection\n")

PETREL_BYTES("zygote_library", PETREL_ZYGOTE_FILE);
PETREL_BYTES("zygote_program", PETREL_PROGRAM_FILE);
PETREL_BYTES("zygote_package", PETREL_PACKAGE_FILE);

extern "C" {
extern const char petrel_zygote_library_begin[];
extern const char petrel_zygote_library_end[];
extern const char petrel_zygote_program_begin[];
extern const char petrel_zygote_program_end[];
extern const char petrel_zygote_package_begin[];
extern const char petrel_zygote_package_end[];
}

namespace faas::zygote {

std::string_view library_bytes() noexcept {
  return {petrel_zygote_library_begin, petrel_zygote_library_end};
}
std::string_view program_bytes() noexcept {
  return {petrel_zygote_program_begin, petrel_zygote_program_end};
}
std::string_view package_bytes() noexcept {
  return {petrel_zygote_package_begin, petrel_zygote_package_end};
}

} // namespace faas::zygote
