/* SPDX-License-Identifier: MIT */
#ifndef GN_IMPORT_WRITE_H
#define GN_IMPORT_WRITE_H

#define GN_IMPORT_GROUP "n" /* the hosts of an imported network are n1, n2, .. */

#endif
