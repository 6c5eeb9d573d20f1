#pragma once
#include <stdarg.h>
#include <stddef.h>
#define EOF (-1)
int printf(const char *format, ...);
int vprintf(const char *format, va_list arguments);
int sprintf(char *to, const char *format, ...);
int vsprintf(char *to, const char *format, va_list arguments);
int snprintf(char *to, size_t size, const char *format, ...);
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int puts(const char *text);
int putchar(int character);
