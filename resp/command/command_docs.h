// What COMMAND INFO and COMMAND DOCS tell of a row, and ACL categories by name.
#pragma once

#include <string_view>

#include "resp/command/command.h"

namespace tideway::resp {

/// The ten elements of COMMAND INFO.
void ReplyCommandInfo(const Command& row, ReplyWriter& reply);
/// The map of COMMAND DOCS.
void ReplyCommandDocs(const Command& row, ReplyWriter& reply);
/// "RW", "access" … as COMMAND GETKEYSANDFLAGS tells them.
void ReplyKeyFlags(const KeySpec& spec, ReplyWriter& reply);

/// The row's categories with those that its flags imply.
uint32_t AclCategoriesOf(const Command& row);
/// By name, without '@', any case.
bool HasAclCategory(const Command& row, std::string_view name);

}  // namespace tideway::resp
