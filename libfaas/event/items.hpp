// How many items an event carries: images in an archive, files in a form.
#pragma once

#include <cstddef>
#include <string_view>

namespace faas {

/// Items in a body, by what it is:
/// - a zip archive (by its first bytes, or its content type): entries that are
///   no folders, as the central directory has them;
/// - multipart/... (RFC 2046): parts; of multipart/form-data those with a file
///   name, or all when none has one;
/// - anything else: 1, or 0 when it is empty.
/// 0 for an archive or a multipart body that is damaged, and for zip64. Nothing
/// is unpacked, and no number in the body is believed unchecked: time is
/// linear in its length. Pure; any thread.
size_t count_items(std::string_view content_type,
                   std::string_view body) noexcept;

} // namespace faas
