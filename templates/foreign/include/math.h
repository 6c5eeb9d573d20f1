#pragma once
#define INFINITY (__builtin_inff())
#define NAN (__builtin_nanf(""))
#define HUGE_VAL (__builtin_huge_val())
#define isnan(value) __builtin_isnan(value)
#define isinf(value) __builtin_isinf(value)
double sqrt(double value);
double fabs(double value);
