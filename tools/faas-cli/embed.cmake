# Writes the files of the templates as C++ strings.
#   cmake -DFROM=FOLDER -DTO=FILE.cpp -P embed.cmake
file(GLOB_RECURSE files RELATIVE ${FROM} ${FROM}/*)
list(SORT files)
set(text "#include \"tools/faas-cli/templates.hpp\"\n\nnamespace faas::cli {\n\n"
  "extern const embedded_file embedded_files[];\n"
  "extern const size_t embedded_count;\n"
  "const embedded_file embedded_files[] = {\n")
foreach(path ${files})
  file(READ ${FROM}/${path} content)
  string(REGEX MATCH "^[^/]+" language ${path})
  string(LENGTH "${language}/" skip)
  string(SUBSTRING ${path} ${skip} -1 name)
  string(APPEND text "  {\"${language}\", \"${name}\", R\"FILE(${content})FILE\"},\n")
endforeach()
string(APPEND text "};\nconst size_t embedded_count = std::size(embedded_files);\n\n"
  "} // namespace faas::cli\n")
file(WRITE ${TO} "${text}")
