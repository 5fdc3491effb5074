0graph [
 node [ id 0 label "Paris" Latitude 48.9 Longitude 2.3 ]
 node [ id 1 label "K&#246;ln" Latitude 50.9 Longitude 7 ]
 node [ id 2 ]
 edge [ source 0 target 1 LinkSpeedRaw 1000000000.0 ]
 edge [ source 1 target 2 LinkSpeed "10" LinkSpeedUnits "M" ]
 edge [ source 2 target 2 ]
 edge [ source 2 target 1 delay 5 ]
]
