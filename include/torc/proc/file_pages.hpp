#pragma once

namespace torc::proc {

/// Releases the memory of file pages that are unchanged from disk, mainly of this program and its libraries. Pages that
/// are needed again are read again. For processes that are idle almost all the time.
void drop_file_pages();

}  // namespace torc::proc
