/* SPDX-License-Identifier: Apache-2.0 */
typedef int ic_empty_translation_unit;
