0graph [
 node[ id 0 label "```©Ÿ›šß¤ßid 0 labd 2 ]
 edge [ source 0 target 1 LinkSpeedRaw 10000000``````şş```´´´´´´´´´´´´´´´´´´ô´´´µ´´´´´´´´´ "Paris" Lat [ id 1 lan" Lace 2 target 1 delay 5 ]
]
