0graph [
 node [ id 0 label "Li‡‡‡‡
aa,:?target 1 delParis" Latitude 48.9 Longitude .3 ]
 node [ id 1 label "K&#—ί¤
 nolb0[ id
  2]
 node [
  r’2]
 node [iturppppppppppppppppppce 0 ]
 edge [ sou 0 target 1 LinkSpeedRaw 1000 source 0 tace 0 targeta 0 LinkSpeedRaw 100000μμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμμ0005.0 ]
 edge [ source 0 ]
 edge [ sou 0 Αtarget 1 LinkSpeedRaw 1000 source 0 targeta 0³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³³ LinkSpeedRaw 1000000005.0 ]
 edge [ude 7 ]
 node [ 46;ln" Latuitde 50.9 Longitude 7 ]
 node [ id 2 ]
 edge [ source 0 target 1 LinkSprca 5ÿyÿelÿÿÿÿÿÿÿ ]
]
