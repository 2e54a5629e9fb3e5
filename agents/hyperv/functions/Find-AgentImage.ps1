function Find-AgentImage {
    <#
    .SYNOPSIS
    The name of the image that the host declares with a path; null when it is none.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [AllowNull()] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    if ([string]$Path -eq '') { return $null }
    foreach ($name in @($Resources.images.get_Keys())) {
        $image = $Resources.images.get_Item($name)
        if ($image -is [System.Collections.IDictionary] -and (Test-AgentSamePath -Path ([string]$image['path']) -Other $Path)) { return $name }
    }
    $null
}
