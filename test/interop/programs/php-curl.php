<?php
// A token request of a native app: php-curl.php <token endpoint> <code> <code_verifier>
[, $url, $code, $code_verifier] = $argv;
$request = curl_init($url);
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_POSTFIELDS => http_build_query([
        'grant_type' => 'authorization_code',
        'client_id' => 'app-1',
        'code' => $code,
        'redirect_uri' => 'com.example.app:/callback',
        'code_verifier' => $code_verifier,
    ]),
]);
echo curl_exec($request);
