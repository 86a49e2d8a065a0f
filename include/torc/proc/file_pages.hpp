#pragma once

namespace torc::proc {

/// Gives back the memory in which this process has pages of files that are still as they are on disk: its own program
/// and the libraries, mostly. What is needed again is read again. For a process that hardly ever does anything.
void drop_file_pages();

}  // namespace torc::proc
