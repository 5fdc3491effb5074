/* SPDX-License-Identifier: MIT */
/*
 * Logarithms and powers of two without floating point: a draw that decides something must be the same with every
 * compiler and mathematical library. Declared in gossipnet/protocol.h, for protocols.
 */
#include "gossipnet/protocol.h"

#define LN2_Q64 UINT64_C(0xb17217f7d1cf79ac)

static uint64_t multiply_q64(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* Squaring the mantissa doubles its logarithm: each time it passes 2 the next binary digit is 1. */
uint64_t gn_log2_q32(uint64_t x)
{
	unsigned whole = 63u - (unsigned)__builtin_clzll(x);
	uint64_t mantissa = x << (63 - whole); /* [1, 2), 63 bits behind the point */
	uint64_t result = whole;

	for (int i = 0; i < 32; i++) {
		uint64_t square = multiply_q64(mantissa, mantissa); /* 62 bits behind the point, below 4 */
		bool one = square >> 63;

		result = result << 1 | one;
		mantissa = one ? square : square << 1;
	}
	return result;
}

uint64_t gn_ln_q32(uint64_t x)
{
	return multiply_q64(gn_log2_q32(x), LN2_Q64);
}

/* -ln of a uniform number, by its binary logarithm. */
uint64_t gn_random_exponential(struct gn_random *r, uint64_t mean)
{
	const uint64_t one = UINT64_C(64) << 32;
	uint64_t u = gn_random_next(r) | 1;
	/* ln 2 in 32 bits behind the point; the product has 64. */
	unsigned __int128 minus_ln = (unsigned __int128)(one - gn_log2_q32(u)) * UINT64_C(0xb17217f8);
	unsigned __int128 t = (minus_ln >> 32) * mean >> 32;

	return t ? (uint64_t)t : 1;
}

/* The product of 2^-(2^-i) over the digits i of the fraction that are 1. */
uint64_t gn_exp2_minus_q63(uint64_t x)
{
	static const uint64_t factor_q64[32] = {
		UINT64_C(0xb504f333f9de6484), UINT64_C(0xd744fccad69d6af4), UINT64_C(0xeac0c6e7dd24392f),
		UINT64_C(0xf5257d152486cc2c), UINT64_C(0xfa83b2db722a033a), UINT64_C(0xfd3e0c0cf486c175),
		UINT64_C(0xfe9e115c7b8f884c), UINT64_C(0xff4ecb59511ec8a5), UINT64_C(0xffa756521c8daed2),
		UINT64_C(0xffd3a751c0f7e10c), UINT64_C(0xffe9d2b2f7db2756), UINT64_C(0xfff4e91bff1b8c3e),
		UINT64_C(0xfffa747ea0040664), UINT64_C(0xfffd3a3b7814eb54), UINT64_C(0xfffe9d1cc60ddab1),
		UINT64_C(0xffff4e8e25879bfa), UINT64_C(0xffffa7470363f451), UINT64_C(0xffffd3a37dda0313),
		UINT64_C(0xffffe9d1bdf703af), UINT64_C(0xfffff4e8debe025e), UINT64_C(0xfffffa746f4fa150),
		UINT64_C(0xfffffd3a37a3f8b0), UINT64_C(0xfffffe9d1bd1065a), UINT64_C(0xffffff4e8de845ae),
		UINT64_C(0xffffffa746f41377), UINT64_C(0xffffffd3a37a05e4), UINT64_C(0xffffffe9d1bd01fc),
		UINT64_C(0xfffffff4e8de80c0), UINT64_C(0xfffffffa746f4051), UINT64_C(0xfffffffd3a37a025),
		UINT64_C(0xfffffffe9d1bd011), UINT64_C(0xffffffff4e8de808),
	};
	uint64_t whole = x >> 32, result = UINT64_C(1) << 63;

	if (whole > 63)
		return 0;
	for (unsigned i = 0; i < 32; i++) {
		if (x >> (31 - i) & 1)
			result = multiply_q64(result, factor_q64[i]);
	}
	return result >> whole;
}
