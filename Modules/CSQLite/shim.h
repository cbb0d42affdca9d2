#pragma once
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sqlite3.h>
